// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The functions are for both sides: here the host runs them over all codes in every place of a
// vector. tests/cuda/dequant.cu runs them on a device.

#include <array>
#include <doctest/doctest.h>

#include <qfmt/core/random.hpp>
#include <qfmt/cuda/formats/decode.cuh>
#include <qfmt/formats/all.hpp>

using namespace qfmt;

namespace {

template <class F>
Code<F> code_of(std::uint32_t bits) {
  return {static_cast<typename F::storage_type>(bits & ((1u << F::bits) - 1))};
}

template <class T>
bool same(float got, float expected) {
  return is_nan(expected) ? is_nan(got)
                          : bit_cast<std::uint32_t>(got) == bit_cast<std::uint32_t>(expected);
}

/// Every code of F in every place of N, among random neighbours.
template <class T, class F, int N>
int mismatches() {
  Philox const random{17};
  std::uint64_t counter = 0;
  int wrong = 0;
  for (int place = 0; place < N; ++place) {
    for (std::uint32_t bits = 0; bits < (1u << F::bits); ++bits) {
      cuda::Codes<F, N> codes;
      for (int i = 0; i < N; ++i) codes.set(i, code_of<F>(i == place ? bits : random(counter++)));
      auto const values = cuda::decode<T>(codes);
      for (int i = 0; i < N; ++i)
        wrong += same<T>(values[i], round_to<T>(decode(codes[i]))) ? 0 : 1;
    }
  }
  return wrong;
}

struct EachFormat {
  template <class F>
  void operator()() const {
    if constexpr (F::bits <= 8) {
      INFO(F::name);
      CHECK(mismatches<Code<BF16>, F, 8>() == 0);
      CHECK(mismatches<Code<FP16>, F, 8>() == 0);
      CHECK(mismatches<float, F, 8>() == 0);
    }
  }
};

struct OtherLengths {
  template <class F>
  void operator()() const {
    INFO(F::name);
    CHECK(mismatches<Code<BF16>, F, 1>() == 0);
    CHECK(mismatches<float, F, 2>() == 0);
    if constexpr (F::bits <= 8) {
      CHECK(mismatches<Code<FP16>, F, 4>() == 0);
      CHECK(mismatches<Code<BF16>, F, 16>() == 0);
    }
  }
};

}  // namespace

TEST_CASE("cuda: decoding several codes is decoding each") {
  FloatFormats::for_each(EachFormat{});
  ScaleOnlyFormats::for_each(EachFormat{});
  IntegerFormats::for_each(EachFormat{});
  CodebookFormats::for_each(EachFormat{});
}

TEST_CASE("cuda: of any number of codes") {
  FloatFormats::for_each(OtherLengths{});
  ScaleOnlyFormats::for_each(OtherLengths{});
  IntegerFormats::for_each(OtherLengths{});
  CodebookFormats::for_each(OtherLengths{});
}

TEST_CASE("cuda: a constant vector is decoded by the compiler") {
  // Elements 0 to 7 of a word are 0, 0.5, 1, 1.5, -0, -0.5, 6, -6.
  constexpr auto values = cuda::decode<Code<BF16>>(cuda::Codes<E2M1, 8>{{0xF7983210}});
  static_assert(values.word[0] == 0x3F000000);
  static_assert(values.word[1] == 0x3FC03F80);
  static_assert(values.word[2] == 0xBF008000);
  static_assert(values.word[3] == 0xC0C040C0);
  CHECK(values[3] == 1.5f);
}

TEST_CASE("cuda: an NVFP4 or MXFP4 weight is exact in BF16: every code with every scale") {
  for (std::uint32_t scale = 0; scale < 0x7F; ++scale) {
    float const s = decode(Code<E4M3>{static_cast<std::uint8_t>(scale)});
    for (std::uint32_t const word : std::array{0x76543210u, 0xFEDCBA98u}) {
      cuda::Codes<E2M1, 8> const codes{{word}};
      auto const products =
          cuda::multiply(cuda::decode<Code<BF16>>(codes), from_float<Code<BF16>>(s));
      auto const halves =
          cuda::multiply(cuda::decode<Code<FP16>>(codes), from_float<Code<FP16>>(s));
      for (int i = 0; i < 8; ++i) {
        CHECK(products[i] == decode(codes[i]) * s);
        CHECK(halves[i] == decode(codes[i]) * s);
      }
    }
  }
}

TEST_CASE("cuda: the comparison of this file notices a wrong code") {
  cuda::Codes<E2M1, 8> const codes{{0x76543210u}};
  auto values = cuda::decode<Code<BF16>>(codes);
  values.word[1] ^= 0x00400000u;
  CHECK_FALSE(same<Code<BF16>>(values[3], decode(codes[3])));
}
