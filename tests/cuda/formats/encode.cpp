// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <initializer_list>

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

/// Random numbers of every kind, N at a time, with and without NaN among them.
template <class F, int N>
int wrong_in_vectors(std::uint64_t count) {
  Philox const random{7};
  int wrong = 0;
  for (std::uint64_t i = 0; i < count / N; ++i) {
    cuda::Values<float, N> x;
    bool has_nan = false;
    for (int j = 0; j < N; ++j) {
      std::uint32_t const bits = random(N * i + static_cast<std::uint64_t>(j));
      // Half of them where the formats have their values.
      float const value = bit_cast<float>(i % 2 == 0 ? bits : (bits & 0x83FFFFFFu) + 0x3A000000u);
      x.set(j, value);
      has_nan = has_nan || is_nan(value);
    }
    auto const codes = cuda::encode<F>(x);
    auto const of_numbers = has_nan ? codes : cuda::encode<F, false>(x);
    for (int j = 0; j < N; ++j)
      wrong += codes[j] == encode<F>(x[j]) && of_numbers[j] == codes[j] ? 0 : 1;
  }
  return wrong;
}

struct EachFormatInVectors {
  template <class F>
  void operator()() const {
    INFO(F::name);
    CHECK(wrong_in_vectors<F, 1>(1 << 14) == 0);
    CHECK(wrong_in_vectors<F, 2>(1 << 14) == 0);
    CHECK(wrong_in_vectors<F, 4>(1 << 15) == 0);
    CHECK(wrong_in_vectors<F, 8>(1 << 18) == 0);
    CHECK(wrong_in_vectors<F, 16>(1 << 15) == 0);
  }
};

/// N numbers at a time with `R`'s bits drawn as elements are counted, against the host's encode with
/// the same bits: numbers of every kind, and such as lie where the formats have their values.
template <class F, class R, class O, int N>
int wrong_stochastic(std::uint64_t count) {
  Philox const numbers{11};
  Philox const random{0x9E3779B97F4A7C15u};
  int wrong = 0;
  for (std::uint64_t at = 1; at < count; at += N + 1) {  // any alignment
    cuda::Values<float, N> x;
    for (int i = 0; i < N; ++i) {
      std::uint32_t const bits = numbers(at + static_cast<std::uint64_t>(i));
      constexpr std::uint32_t of_format = std::uint32_t{1} << 28;
      x.set(i, bit_cast<float>(at % 2 == 0 ? bits : (bits & 0x8FFFFFFFu) + 3 * of_format));
    }
    auto const codes = cuda::encode<F, R, O>(x, cuda::random_words<N>(random, at, 3));
    for (int i = 0; i < N; ++i) {
      std::uint32_t const word = random(at + static_cast<std::uint64_t>(i), 3);
      wrong += codes[i] == encode<F, R, O>(x[i], R{word}) ? 0 : 1;
    }
  }
  return wrong;
}

struct EachFormatStochastic {
  template <class F>
  void operator()() const {
    INFO(F::name);
    CHECK((wrong_stochastic<F, Stochastic<32>, Saturate, 8>(1 << 17) == 0));
    CHECK((wrong_stochastic<F, Stochastic<8>, ToSpecial, 16>(1 << 15) == 0));
    CHECK((wrong_stochastic<F, Stochastic<1>, Saturate, 4>(1 << 13) == 0));
    CHECK((wrong_stochastic<F, Stochastic<23>, Saturate, 2>(1 << 13) == 0));
    CHECK((wrong_stochastic<F, Stochastic<13>, ToSpecial, 1>(1 << 12) == 0));
  }
};

/// Where a carry is just made and just not made: numbers a little beside codes and far below the
/// smallest, with the smallest and largest draws that round them up and do not.
struct EachFormatAtCarries {
  template <class F>
  void operator()() const {
    INFO(F::name);
    int wrong = 0;
    for (int exponent = -149; exponent < 128; ++exponent) {
      for (float const mantissa : {1.0f, 0x1.000002p0f, 1.25f, 0x1.555556p0f, 0x1.fffffep0f}) {
        for (float const sign : {1.0f, -1.0f}) {
          float const x = sign * mantissa * power_of_two(exponent < -126 ? -126 : exponent) *
                          power_of_two(exponent < -126 ? exponent + 126 : 0);
          // The border between draws that round up and those that do not, by bisection on the host.
          std::uint32_t low = 0;
          std::uint32_t high = ~0u;
          auto const of = [&](std::uint32_t word) { return encode<F>(x, Stochastic<32>{word}); };
          while (low + 1 < high) {
            std::uint32_t const middle = low + (high - low) / 2;
            (of(middle) == of(0) ? low : high) = middle;
          }
          cuda::Values<float, 4> same;
          for (int i = 0; i < 4; ++i) same.set(i, x);
          cuda::RandomWords<4> const words{{0, low, high, ~0u}};
          auto const codes = cuda::encode<F>(same, words);
          for (int i = 0; i < 4; ++i) wrong += codes[i] == of(words.word[i]) ? 0 : 1;
        }
      }
    }
    CHECK(wrong == 0);
    cuda::Values<float, 4> special;
    special.word[0] = 0x7F800000;
    special.word[1] = 0xFF800000;
    special.word[2] = 0xFFC00001;
    special.word[3] = 0x80000000;
    for (std::uint32_t const word : {0u, ~0u}) {
      auto const saturated = cuda::encode<F>(special, {{word, word, word, word}});
      auto const overflowed =
          cuda::encode<F, Stochastic<32>, ToSpecial>(special, {{word, word, word, word}});
      for (int i = 0; i < 4; ++i) {
        Stochastic<32> const mode{word};
        CHECK(saturated[i] == encode<F>(special[i], mode));
        CHECK((overflowed[i] == encode<F, Stochastic<32>, ToSpecial>(special[i], mode)));
      }
    }
  }
};

}  // namespace

TEST_CASE("cuda: rounding by addition is encode, to nearest even and saturating") {
  FloatFormats::for_each(EachFormat{});
  TypeList<INT8, UINT8, INT4, INT3, MXINT8>::for_each(EachFormat{});
}

TEST_CASE("cuda: several codes at a time are as many codes") {
  FloatFormats::for_each(EachFormatInVectors{});
  IntegerFormats::for_each(EachFormatInVectors{});
  CodebookFormats::for_each(EachFormatInVectors{});
}

TEST_CASE("cuda: stochastic rounding is encode with the same bits") {
  FloatFormats::for_each(EachFormatStochastic{});
  IntegerFormats::for_each(EachFormatStochastic{});
}

TEST_CASE("cuda: stochastic rounding where one bit decides") {
  FloatFormats::for_each(EachFormatAtCarries{});
  IntegerFormats::for_each(EachFormatAtCarries{});
}

namespace {
template <class F>
concept HasStochastic = requires(cuda::Values<float, 2> x) {
  cuda::encode<F>(x, cuda::RandomWords<2>{});
};
}  // namespace
static_assert(HasStochastic<BF16> && HasStochastic<MXINT8>);
static_assert(!HasStochastic<NF4> && !HasStochastic<E8M0>);
