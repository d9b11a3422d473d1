// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/conformance.hpp>
#include <qfmt/core/random.hpp>
#include <qfmt/cuda/formats/encode.cuh>
#include <qfmt/formats/all.hpp>

using namespace qfmt;

namespace {

struct EachFormat {
  template <class F>
  void operator()() const {
    if constexpr (F::bits <= 8) {
      INFO(F::name);
      auto const report = conformance::check<F>([](float x) {
        cuda::Values<float, 1> value;
        value.set(0, x);
        return cuda::encode<F>(value)[0].bits;
      });
      CHECK_MESSAGE(report.mismatches == 0, report.text());
      Philox const random{5};
      int wrong = 0;
      for (std::uint64_t i = 0; i < (1u << 18); ++i) {
        float const x = bit_cast<float>(random(i));
        wrong += cuda::detail::encode_one<F>(x) == encode<F>(x) ? 0 : 1;
      }
      CHECK(wrong == 0);
    }
  }
};

/// Random numbers of every kind, eight at a time, with and without NaN among them.
struct EachFormatInVectors {
  template <class F>
  void operator()() const {
    if constexpr (F::bits <= 8) {
      INFO(F::name);
      Philox const random{7};
      int wrong = 0;
      for (std::uint64_t i = 0; i < (1u << 15); ++i) {
        cuda::Values<float, 8> x;
        bool has_nan = false;
        for (int j = 0; j < 8; ++j) {
          std::uint32_t const bits = random(8 * i + static_cast<std::uint64_t>(j));
          // Half of them where the formats have their values.
          float const value =
              bit_cast<float>(i % 2 == 0 ? bits : (bits & 0x83FFFFFFu) + 0x3A000000u);
          x.set(j, value);
          has_nan = has_nan || is_nan(value);
        }
        auto const codes = cuda::encode<F>(x);
        auto const of_numbers = has_nan ? codes : cuda::encode<F, false>(x);
        for (int j = 0; j < 8; ++j)
          wrong += codes[j] == encode<F>(x[j]) && of_numbers[j] == codes[j] ? 0 : 1;
      }
      CHECK(wrong == 0);
    }
  }
};

template <class F, int N>
void check_places() {
  Philox const random{6};
  cuda::Values<float, N> x;
  for (int i = 0; i < N; ++i)
    x.set(i, (static_cast<float>(random(static_cast<std::uint64_t>(i))) * 0x1p-31f - 1.0f) * 8.0f);
  auto const codes = cuda::encode<F>(x);
  for (int i = 0; i < N; ++i) CHECK(codes[i] == encode<F>(x[i]));
}

}  // namespace

TEST_CASE("cuda: rounding by addition is encode, to nearest even and saturating") {
  FloatFormats::for_each(EachFormat{});
  TypeList<INT8, UINT8, INT4, INT3, MXINT8>::for_each(EachFormat{});
}

TEST_CASE("cuda: eight codes at a time are eight codes") {
  FloatFormats::for_each(EachFormatInVectors{});
  IntegerFormats::for_each(EachFormatInVectors{});
}

TEST_CASE("cuda: a code goes where pack() puts it") {
  check_places<E2M1, 8>();
  check_places<E2M1, 16>();
  check_places<E2M3, 16>();  // 6 bits: some lie across two words
  check_places<E4M3, 4>();
  check_places<E5M2, 1>();
  check_places<INT4, 8>();
  check_places<NF4, 2>();
}
