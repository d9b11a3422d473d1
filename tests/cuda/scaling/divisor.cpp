// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Against the processor's own division, bit for bit: every numerator where the proof in the header
// asks for it, and random pairs over the whole range that is claimed.

#include <doctest/doctest.h>

#include <qfmt/core/random.hpp>
#include <qfmt/cuda/scaling/divisor.cuh>
#include <qfmt/formats/all.hpp>

using namespace qfmt;

namespace {

float from_bits(std::uint32_t bits) {
  return bit_cast<float>(bits);
}
bool same(float a, float b) {
  return bit_cast<std::uint32_t>(a) == bit_cast<std::uint32_t>(b);
}

/// A number with a random sign and fraction, and an exponent in [low, high].
float any(Philox::Block const& random, int word, int low, int high) {
  auto const range = static_cast<std::uint32_t>(high - low + 1);
  std::uint32_t const exponent =
      127u + static_cast<std::uint32_t>(low) + random.words[word + 1] % range;
  return from_bits((random.words[word] & 0x807FFFFFu) | exponent << 23);
}

/// The code of a quotient is the code of IEEE division's.
template <class F>
bool same_code(float x, float d) {
  return encode<F>(cuda::Divisor{d}(x)) == encode<F>(x / d);
}

}  // namespace

TEST_CASE("cuda: division by the last five numbers below two, of every number") {
  long wrong = 0;
  for (std::uint32_t d = 0x3FFFFFFFu; d > 0x3FFFFFFFu - 5; --d) {
    cuda::Divisor const by{from_bits(d)};
    for (std::uint32_t x = 0x3F800000u; x < 0x40000000u; ++x)
      wrong += same(by(from_bits(x)), from_bits(x) / from_bits(d)) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("cuda: division is the processor's wherever it is claimed to be") {
  Philox const random{11};
  int wrong = 0;
  int tried = 0;
  for (std::uint64_t i = 0; i < 1'000'000; ++i) {
    auto const words = random.block(i);
    float const d = from_bits(magnitude_bits(any(words, 0, -62, 61)));
    float const x = any(words, 2, -102, 63);
    float const quotient = x / d;
    if (magnitude_bits(quotient) < 0x00800000u)
      continue;
    bool const covered = cuda::Divisor::covers(d, magnitude_bits(x));
    wrong += covered && same(cuda::Divisor{d}(x), quotient) ? 0 : 1;
    ++tried;
  }
  CHECK(wrong == 0);
  CHECK(tried > 500'000);
}

TEST_CASE("cuda: zeros and numbers too small for a remainder give the codes of their quotients") {
  Philox const random{12};
  int wrong = 0;
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    auto const words = random.block(i);
    float const d = from_bits(magnitude_bits(any(words, 0, -62, 61)));
    std::uint32_t const small = words.words[2] % 0x0D000000u;  // below 2^-101
    std::uint32_t const bits = i % 7 == 0 ? small >> (i % 24) : i % 11 == 0 ? 0u : small;
    float const x = from_bits(bits | (words.words[3] & 0x80000000u));
    wrong += same_code<E2M1>(x, d) && same_code<E4M3>(x, d) && same_code<E5M2>(x, d) &&
                     same_code<INT8>(x, d) && same_code<UE5M3>(from_bits(bits), d)
                 ? 0
                 : 1;
  }
  CHECK(wrong == 0);
  CHECK(same(cuda::Divisor{3.0f}(-0.0f), -0.0f));
  CHECK(same(cuda::Divisor{3.0f}(0.0f), 0.0f));
}

TEST_CASE("cuda: what division does not cover is known") {
  CHECK(cuda::Divisor::covers(0x1p-62f, 0));
  CHECK(cuda::Divisor::covers(0x1p62f, magnitude_bits(0x1p63f)));
  CHECK_FALSE(cuda::Divisor::covers(0x1.8p62f, 0));
  CHECK_FALSE(cuda::Divisor::covers(0x1.8p-63f, 0));
  CHECK_FALSE(cuda::Divisor::covers(1.0f, magnitude_bits(0x1p64f)));
  CHECK_FALSE(cuda::Divisor::covers(0.0f, 0));
  CHECK_FALSE(cuda::Divisor::covers(-1.0f, 0));
  CHECK_FALSE(cuda::Divisor::covers(from_bits(0x7FC00000u), 0));
}
