// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <bit>
#include <cmath>
#include <doctest/doctest.h>
#include <initializer_list>
#include <support/laws/expect.hpp>
#include <support/laws/stochastic_laws.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

// What a mode must make of n / 2^shift, by arithmetic on rational numbers that binary64 holds
// exactly.
double rounded(double x, char mode, bool negative) {
  double const low = std::floor(x);
  double const rest = x - low;
  bool const odd = std::fmod(low, 2.0) != 0.0;
  switch (mode) {
    case 'e':
      return rest > 0.5 || (rest == 0.5 && odd) ? low + 1 : low;
    case 'a':
      return rest >= 0.5 ? low + 1 : low;
    case 'z':
      return low;
    case 'u':
      return rest > 0 && !negative ? low + 1 : low;
    case 'd':
      return rest > 0 && negative ? low + 1 : low;
    default:
      return rest > 0 && !odd ? low + 1 : low;
  }
}

template <class R, class Bits>
int wrong(char mode) {
  int count = 0;
  for (int shift = 1; shift <= 12; ++shift) {
    for (Bits n = 0; n < 4096; ++n) {
      for (bool const negative : {false, true}) {
        double const expected = rounded(std::ldexp(static_cast<double>(n), -shift), mode, negative);
        count += static_cast<double>(R::drop(n, shift, negative)) != expected ? 1 : 0;
      }
    }
  }
  return count;
}

template <class R>
void check_mode(char mode) {
  CHECK(wrong<R, std::uint32_t>(mode) == 0);
  CHECK(wrong<R, std::uint64_t>(mode) == 0);
}

}  // namespace

TEST_CASE("each mode drops bits as its definition says") {
  check_mode<NearestEven>('e');
  check_mode<NearestAway>('a');
  check_mode<TowardZero>('z');
  check_mode<Up>('u');
  check_mode<Down>('d');
  check_mode<ToOdd>('o');
  CHECK(wrong<NearestEven, std::uint32_t>('a') > 0);  // negative control
}

TEST_CASE("the modes that never increase a magnitude") {
  static_assert(never_grows<TowardZero>(false) && never_grows<TowardZero>(true) &&
                never_grows<ToOdd>(false));
  static_assert(never_grows<Up>(true) && !never_grows<Up>(false) && never_grows<Down>(false) &&
                !never_grows<Down>(true));
  static_assert(!never_grows<NearestEven>(false) && !never_grows<NearestAway>(true) &&
                !never_grows<Stochastic<8>>(false));
  CHECK_FALSE(RoundingMode<int>);
}

TEST_CASE("to odd, then to nearest with two bits fewer, is to nearest at once") {
  // FP16 has ten mantissa bits, the others at most four, and less range.
  int checked = 0;
  for (float const x : laws::sample_floats()) {
    if (std::fabs(x) < 0x1p-14f || std::fabs(x) > 60000.0f)
      continue;  // where FP16 has its full precision
    auto const intermediate = decode(encode<FP16, ToOdd>(x));
    CHECK(encode<E4M3>(intermediate) == encode<E4M3>(x));
    CHECK(encode<E5M2>(intermediate) == encode<E5M2>(x));
    CHECK(encode<E3M4>(intermediate) == encode<E3M4>(x));
    CHECK(encode<E2M1>(intermediate) == encode<E2M1>(x));
    ++checked;
  }
  CHECK(checked > 500);
  // To nearest both times is wrong: the smallest example for E2M1.
  float const trap = std::bit_cast<float>(0x3E800001u);
  CHECK(encode<E2M1>(trap).bits == 1);
  CHECK(encode<E2M1>(decode(encode<FP16>(trap))).bits == 0);
}

TEST_CASE("stochastic rounding: the exact share of all random words rounds up") {
  expect_held(laws::stochastic_counts<StochasticCodec<E2M1, 8>>());
  expect_held(laws::stochastic_counts<StochasticCodec<E4M3, 8>>());
  expect_held(laws::stochastic_counts<StochasticCodec<E5M2, 8>>());
  expect_held(laws::stochastic_counts<StochasticCodec<E4M3FNUZ, 8>>());
  expect_held(laws::stochastic_counts<StochasticCodec<UE4M3, 8>>());
  expect_held(laws::stochastic_counts<StochasticCodec<INT4, 8>>());
  expect_held(laws::stochastic_counts<StochasticCodec<INT8, 8>>());
  expect_held(laws::stochastic_counts<StochasticCodec<FP16, 8>>());
  expect_held(laws::stochastic_counts<StochasticCodec<BF16, 4>>());
  expect_held(laws::stochastic_counts<StochasticCodec<E3M2, 1>>());
  expect_held(laws::stochastic_counts<StochasticCodec<E2M3, 12>>());
  expect_held(laws::stochastic_counts<StochasticCodec<E2M1, 8, double>>());
  expect_held(laws::stochastic_counts<StochasticCodec<E4M3, 12, double>>());
}

TEST_CASE("stochastic rounding: more random bits give a finer share, whose words are nested") {
  // 16 bits: x is f of the way from 1 to 1.5, and the share is floor(f 2^16) of all words.
  for (double const f : {0.0, 0x1p-16, 1.0 / 3.0, 0.5, 1 - 0x1p-16}) {
    auto const x = static_cast<float>(1 + f / 2);
    auto const exact = static_cast<std::uint32_t>((static_cast<double>(x) - 1) * 2 * 65536);
    std::uint32_t up = 0;
    for (std::uint32_t word = 0; word < 65536; ++word)
      up += encode<E2M1>(x, Stochastic<16>{word}).bits == 3 ? 1u : 0u;
    CHECK(up == exact);
  }
  // All 32 bits: the share cannot be counted, but the border between the words is known.
  float const third = 1 + 1.0f / 6.0f;  // fraction 2 (x - 1), a multiple of 2^-22
  auto const border =
      static_cast<std::uint32_t>(0x1p32 - (static_cast<double>(third) - 1) * 2 * 0x1p32);
  CHECK(encode<E2M1>(third, Stochastic<32>{border}).bits == 3);
  CHECK(encode<E2M1>(third, Stochastic<32>{border - 1}).bits == 2);
}

TEST_CASE("stochastic rounding: far below the lowest step, and special values") {
  // 2^-40 is 2^-39 of E2M1's lowest step: with 8 random bits no word rounds up, with 32 none
  // either.
  CHECK(encode<E2M1>(0x1p-40f, Stochastic<8>{255}).bits == 0);
  CHECK(encode<E2M1>(0x1p-40f, Stochastic<32>{~0u}).bits == 0);
  CHECK(encode<E2M1>(0x1p-33f, Stochastic<32>{~0u}).bits == 1);  // 2^-32 of it: the last word does
  CHECK(encode<E2M1>(0x1p-33f, Stochastic<32>{~0u - 1}).bits == 0);
  CHECK(encode<E2M1>(-0x1p-33f, Stochastic<32>{~0u}).bits == 9);
  CHECK(encode<E2M1>(0x1p-149f, Stochastic<32>{~0u}).bits == 0);
  CHECK(encode<E4M3>(0x1p-1074, Stochastic<32>{~0u}).bits == 0);
  for (std::uint32_t const word : {0u, 1u, 0x80000000u, ~0u}) {
    CHECK(encode<E4M3>(1e30f, Stochastic<32>{word}).bits == 0x7E);
    CHECK(encode<E4M3, Stochastic<32>, ToSpecial>(1e30f, Stochastic<32>{word}).bits == 0x7F);
    CHECK(encode<E4M3>(448.0f, Stochastic<32>{word}).bits == 0x7E);
    CHECK(encode<E4M3>(std::bit_cast<float>(0xFFC00000u), Stochastic<32>{word}).bits == 0x7F);
    CHECK(encode<E4M3>(-0.0f, Stochastic<32>{word}).bits == 0x80);
  }
}

TEST_CASE(
    "stochastic rounding: at every distance below the lowest step the result is zero or that "
    "step") {
  for (int exponent = -1; exponent >= -149; --exponent) {
    for (std::uint32_t const word : {0u, 1u, 0x7Fu, 0x80u, 0xFFu, 0x80000000u, ~0u}) {
      float const x = 1.5f * std::ldexp(1.0f, exponent);
      // E2M1's lowest step is 1/2: the fraction that is dropped is 2 x.
      double const fraction = exponent < -1 ? 2.0 * static_cast<double>(x) : 0.5;
      auto const up = [&](int bits) {
        double const share = std::floor(std::ldexp(fraction, bits));
        double const draw = std::fmod(word, std::ldexp(1.0, bits));
        return draw >= std::ldexp(1.0, bits) - share ? 1u : 0u;
      };
      unsigned const low = exponent < -1 ? 0 : 1;  // 0.75 lies between codes 1 and 2
      CHECK(encode<E2M1>(x, Stochastic<8>{word}).bits == low + up(8));
      CHECK(encode<E2M1>(static_cast<double>(x), Stochastic<8>{word}).bits == low + up(8));
      CHECK(encode<E2M1>(x, Stochastic<32>{word}).bits == low + up(32));
      CHECK(encode<E2M1>(static_cast<double>(x), Stochastic<32>{word}).bits == low + up(32));
    }
  }
}

TEST_CASE(
    "stochastic rounding: only the low bits of the word count, and the word is zero if none is "
    "given") {
  for (std::uint32_t word = 0; word < 256; ++word) {
    float const x = 1.0f + 0.37f / 2;
    CHECK(encode<E2M1>(x, Stochastic<8>{word}) ==
          encode<E2M1>(x, Stochastic<8>{word | 0xABCDEF00u}));
  }
  CHECK(Stochastic<8>{}.random == 0);
  static_assert(Stochastic<>::random_bits == 32);
  CHECK(encode<E2M1, Stochastic<8>>(1.49f).bits == 2);
}

namespace {

// Negative controls.
struct AlwaysDown : StochasticCodec<E4M3, 8> {
  static Code<E4M3> encode(float x, std::uint32_t) { return qfmt::encode<E4M3, TowardZero>(x); }
};
struct AlwaysNearest : StochasticCodec<E4M3, 8> {
  static Code<E4M3> encode(float x, std::uint32_t) { return qfmt::encode<E4M3>(x); }
};
struct OneBitShort : StochasticCodec<E4M3, 8> {
  static Code<E4M3> encode(float x, std::uint32_t word) {
    return qfmt::encode<E4M3>(x, Stochastic<7>{word});
  }
};
struct MisalignedBias : StochasticCodec<E4M3, 8> {
  static Code<E4M3> encode(float x, std::uint32_t word) {
    return qfmt::encode<E4M3>(x, Stochastic<8>{word >> 1});
  }
};
struct WordsInOtherOrder : StochasticCodec<E4M3, 8> {
  static Code<E4M3> encode(float x, std::uint32_t word) {
    return qfmt::encode<E4M3>(x, Stochastic<8>{255 - word});
  }
};

}  // namespace

TEST_CASE("stochastic rounding: sabotaged codecs violate the law") {
  expect_violated(laws::stochastic_counts<AlwaysDown>());
  expect_violated(laws::stochastic_counts<AlwaysNearest>());
  expect_violated(laws::stochastic_counts<OneBitShort>());
  expect_violated(laws::stochastic_counts<MisalignedBias>());
  expect_violated(laws::stochastic_counts<WordsInOtherOrder>());
}
