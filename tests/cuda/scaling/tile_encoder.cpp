// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Scales and codes of one tile, against the policy's and quantize_value's, where it matters which way
// a tile takes: at the borders of what the short ones cover, and for values that are not numbers.

#include <cstring>
#include <doctest/doctest.h>
#include <initializer_list>

#include <qfmt/core/random.hpp>
#include <qfmt/cuda/scaling/tile_encoder.cuh>
#include <qfmt/formats/all.hpp>

using namespace qfmt;

namespace {

float from_bits(std::uint32_t bits) {
  return bit_cast<float>(bits);
}

/// Four values whose largest magnitude has these bits.
template <class F, class Policy>
int wrong_codes(std::uint32_t largest, std::uint64_t seed, typename Policy::Global global = {}) {
  using P = profile::Qfmt;
  Philox const random{seed};
  cuda::Values<float, 4> x;
  x.set(0, from_bits(largest | (random(0) & 0x80000000u)));
  for (int i = 1; i < 4; ++i) {
    std::uint32_t const word = random(static_cast<std::uint64_t>(i));
    x.set(i, from_bits((largest == 0
                            ? 0
                            : largest - word % (largest < 0x04000000u ? largest : 0x04000000u)) |
                       (word & 0x80000000u)));
  }
  cuda::TileEncoder<F, Policy, P, float> const tile{largest, global};
  Range const range{from_bits(largest | 0x80000000u), from_bits(largest)};
  auto const scale = Policy::template fit<F, P, float>(range, global).scale;
  float const prepared = Policy::template prepare<P>(scale, global);
  auto const codes = tile(x);
  auto const found = tile.scale();
  int wrong = std::memcmp(&found, &scale, sizeof(scale)) == 0 ? 0 : 1;
  for (int i = 0; i < 4; ++i)
    wrong += codes[i] == quantize_value<F, Policy, P, float>(x[i], prepared, 0.0f) ? 0 : 1;
  return wrong;
}

/// Magnitudes of every exponent, subnormal ones, infinity and NaN among them.
template <class F, class Policy>
int wrong_of_all_sizes(typename Policy::Global global = {}) {
  Philox const random{9};
  int wrong = 0;
  for (std::uint64_t i = 0; i < 4096; ++i) {
    std::uint32_t const exponent = static_cast<std::uint32_t>(i % 256) << 23;
    wrong += wrong_codes<F, Policy>(exponent | (i < 256 ? 0 : random(i) & 0x7FFFFF), i, global);
  }
  return wrong;
}

/// Stochastic codes of four values, the quotients by IEEE division: whatever the size of the tile.
template <class F, class Policy>
int wrong_stochastic(typename Policy::Global global = {}) {
  using P = profile::Qfmt;
  using R = Stochastic<32>;
  Philox const random{10};
  int wrong = 0;
  for (std::uint64_t i = 0; i < 8192; ++i) {
    std::uint32_t const largest =
        static_cast<std::uint32_t>(i % 256) << 23 | (i < 256 ? 0 : random(i) & 0x7FFFFF);
    cuda::TileEncoder<F, Policy, P, float> const tile{largest, global};
    Range const range{from_bits(largest | 0x80000000u), from_bits(largest)};
    float const prepared =
        Policy::template prepare<P>(Policy::template fit<F, P, float>(range, global).scale, global);
    cuda::Values<float, 4> x;
    x.set(0, from_bits(largest));
    for (int j = 1; j < 4; ++j) {  // of any size below it
      std::uint32_t const word = random(4 * i + static_cast<std::uint64_t>(j), 1);
      x.set(j, from_bits((word & 0x7FFFFFFF) % (largest + 1) | (word & 0x80000000u)));
    }
    // Half of the words round up whatever they can.
    auto words = cuda::random_words<4>(random, 4 * i, 2);
    for (int j = 0; j < 4; ++j) words.word[j] |= i % 2 == 0 ? 0 : 0xFFFFFF00u;
    auto const codes = tile.template operator()<R>(x, words);
    for (int j = 0; j < 4; ++j)
      wrong += codes[j] == encode<F>(x[j] / prepared, R{words.word[j]}) ? 0 : 1;
  }
  return wrong;
}

}  // namespace

TEST_CASE("cuda: a tile rounded stochastically") {
  CHECK(wrong_stochastic<E4M3, Symmetric>() == 0);
  CHECK(wrong_stochastic<E5M2, Symmetric>() == 0);
  CHECK(wrong_stochastic<INT8, Symmetric>() == 0);
  CHECK(wrong_stochastic<E2M1, PowerOfTwo<mx::Even>>() == 0);
  CHECK(wrong_stochastic<E5M2, PowerOfTwo<mx::RoundUp>>() == 0);
  for (float const scale : {1.0f, 0x1.9p10f, 0x1.3p-62f, 0x1p62f, 0x1p96f, 0.0f})
    CHECK(wrong_stochastic<E2M1, TwoLevel>({scale}) == 0);
}

TEST_CASE("cuda: quotients so small that a Divisor misses their last bit, which decides") {
  struct Case {
    float scale, x;
    std::uint32_t steps;  // x / scale in 2^-48: 2^-32 of E5M2's smallest step
  };
  for (auto const& [scale, x, steps] :
       {Case{0x1.000036p-62f, 0x1.80005p-109f, 3}, Case{0x1.3ffffap-62f, 0x1.67fff8p-106f, 18}}) {
    CHECK(cuda::Divisor{scale}(x) != x / scale);
    auto const tile = cuda::TileEncoder<E5M2, Symmetric, profile::Qfmt, float>::with_scale(
        scale, magnitude_bits(x));
    cuda::Values<float, 2> two;
    two.set(0, x);
    two.set(1, x);
    auto const codes = tile(two, cuda::RandomWords<2>{{0u - steps, 0u - steps - 1}});
    for (int i = 0; i < 2; ++i) {
      Stochastic<32> const rounding{0u - steps - static_cast<std::uint32_t>(i)};
      CHECK(codes[i] == encode<E5M2>(x / scale, rounding));
    }
  }
}

TEST_CASE("cuda: a tile with a scale that is known") {
  using Tile = cuda::TileEncoder<E4M3, Symmetric, profile::Qfmt, Code<BF16>>;
  Philox const random{12};
  int wrong = 0;
  for (float const scale : {1.0f, 0.37f, 0x1p-62f, 0x1.1p62f, 0x1p-126f, 0.0f, -1.0f,
                            from_bits(0x7F800000), from_bits(0x7FC00000)}) {
    for (std::uint64_t i = 0; i < 4096; ++i) {
      cuda::Values<float, 4> x;
      for (int j = 0; j < 4; ++j)
        x.set(j, from_bits(random(4 * i + static_cast<std::uint64_t>(j)) & 0xFFFF0000u));
      auto const tile = Tile::with_scale(scale, cuda::largest_magnitude(x));
      auto const codes = tile(x);
      for (int j = 0; j < 4; ++j) wrong += codes[j] == encode<E4M3>(x[j] / scale) ? 0 : 1;
      wrong += bit_cast<std::uint32_t>(tile.scale()) == bit_cast<std::uint32_t>(scale) ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("cuda: two levels, for tiles and tensor scales of every size") {
  for (float const scale : {1.0f, 0x1.9p10f, 0x1.3p-62f, 0x1p-61f, 0x1p62f, 0x1.1p62f, 0x1p96f,
                            0x1p-110f, 0.0f, from_bits(0x7F800000), from_bits(0x7FC00000)}) {
    INFO(scale);
    CHECK(wrong_of_all_sizes<E2M1, TwoLevel>({scale}) == 0);
  }
}

TEST_CASE("cuda: powers of two, for tiles of every size") {
  CHECK(wrong_of_all_sizes<E2M1, PowerOfTwo<mx::Even>>() == 0);
  CHECK(wrong_of_all_sizes<E4M3, PowerOfTwo<mx::RoundUp>>() == 0);
  CHECK(wrong_of_all_sizes<E2M3, PowerOfTwo<mx::RoundUp>>() == 0);
  CHECK(wrong_of_all_sizes<MXINT8, PowerOfTwo<mx::Floor>>() == 0);
}

TEST_CASE("cuda: real scales, for tiles of every size") {
  CHECK(wrong_of_all_sizes<E4M3, Symmetric>() == 0);
  CHECK(wrong_of_all_sizes<INT8, Symmetric>() == 0);
  CHECK(wrong_of_all_sizes<INT4, SymmetricScale<Code<BF16>>>() == 0);
  CHECK(wrong_of_all_sizes<NF4, Symmetric>() == 0);
}
