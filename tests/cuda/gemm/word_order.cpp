// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The header's static_asserts prove the orders bijective. Here: that a whole word comes back from its
// codes, and that what take() gives is what kernels make numbers of.

#include <doctest/doctest.h>

#include <qfmt/core/random.hpp>
#include <qfmt/cuda/gemm/word_order.hpp>
#include <qfmt/formats/e2m1.hpp>
#include <qfmt/formats/int4.hpp>
#include <qfmt/formats/real.hpp>

using namespace qfmt;
using cuda::TilePlace;

namespace {

/// Words that are not the sum of their codes' bits.
template <class Order, int Bits>
int changed_words() {
  Philox const random{1};
  int wrong = 0;
  for (std::uint64_t n = 0; n < 10000; ++n) {
    std::uint32_t const word = random(n);
    std::uint32_t sum = 0;
    for (int pair = 0; pair < 16 / Bits; ++pair) {
      for (int half = 0; half < 2; ++half) {
        TilePlace const place{0, pair, half};
        std::uint32_t const code = cuda::take_code<Order>(word, place);
        // What stands for a code of zero at the other places is taken out.
        sum ^= cuda::put_code<Order>(code, place) ^ cuda::put_code<Order>(0, place);
      }
    }
    for (int pair = 0; pair < 16 / Bits; ++pair)
      for (int half = 0; half < 2; ++half) sum ^= cuda::put_code<Order>(0, {0, pair, half});
    wrong += sum == word ? 0 : 1;
  }
  return wrong;
}

/// Half `half` of a pair, as take() leaves it, with one code in the word.
template <class Order>
std::uint32_t taken(std::uint32_t code, int pair, int half) {
  std::uint32_t const word = cuda::put_code<Order>(code, {0, pair, half});
  return Order::take(word, pair) >> (16 * half) & 0xFFFF;
}

}  // namespace

TEST_CASE("cuda: a word comes back from its codes") {
  CHECK(changed_words<cuda::RotatedNibbles, 4>() == 0);
  CHECK(changed_words<cuda::OffsetNibbles, 4>() == 0);
  CHECK(changed_words<cuda::PlainBytes, 8>() == 0);
}

TEST_CASE("cuda: an E2M1 code is taken as BF16, 2^126 times too small") {
  for (int pair = 0; pair < 4; ++pair) {
    for (int half = 0; half < 2; ++half) {
      for (std::uint8_t code = 0; code < 16; ++code) {
        auto const bits = static_cast<std::uint16_t>(taken<cuda::RotatedNibbles>(code, pair, half));
        CHECK(to_float(Code<BF16>{bits}) == decode(Code<E2M1>{code}) * power_of_two(-126));
      }
    }
  }
}

TEST_CASE("cuda: an INT4 code is taken with 8 added, a byte as it is") {
  for (int pair = 0; pair < 4; ++pair) {
    for (int half = 0; half < 2; ++half) {
      for (std::uint8_t code = 0; code < 16; ++code) {
        auto const number = static_cast<int>(decode(Code<INT4>{code}));
        CHECK(static_cast<int>(taken<cuda::OffsetNibbles>(code, pair, half)) == number + 8);
      }
    }
  }
  CHECK(cuda::take_code<cuda::PlainBytes>(0x44332211, {0, 0, 0}) == 0x11);
  CHECK(cuda::take_code<cuda::PlainBytes>(0x44332211, {0, 0, 1}) == 0x22);
  CHECK(cuda::take_code<cuda::PlainBytes>(0x44332211, {0, 1, 0}) == 0x33);
  CHECK(cuda::take_code<cuda::PlainBytes>(0x44332211, {0, 1, 1}) == 0x44);
}
