// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cstring>
#include <doctest/doctest.h>
#include <initializer_list>

#include <qfmt/core/random.hpp>
#include <qfmt/cuda/formats/vectors.cuh>
#include <qfmt/formats/all.hpp>
#include <qfmt/packing/pack.hpp>

using namespace qfmt;

namespace {

/// Codes<F, N> holds the bytes that pack() writes.
template <class F, int N>
void check_layout() {
  INFO(F::name);
  Code<F> codes[std::size_t{N}];
  cuda::Codes<F, N> vector;
  for (int i = 0; i < N; ++i) {
    codes[i].bits = static_cast<typename F::storage_type>((i * 7 + 3) & ((1 << F::bits) - 1));
    vector.set(i, codes[i]);
  }
  std::uint8_t packed[sizeof(vector.word)] = {};
  pack<F>(codes, N, packed, packed_bytes<F>(N));
  CHECK(std::memcmp(packed, vector.word, sizeof(packed)) == 0);
  for (int i = 0; i < N; ++i) CHECK(vector[i] == codes[i]);
}

template <int N>
int wrong_words() {
  Philox const random{77};
  int wrong = 0;
  for (std::uint64_t index : {0ull, 1ull, 2ull, 3ull, 4ull, 7ull, 1ull << 32, (1ull << 34) - 1}) {
    auto const words = cuda::random_words<N>(random, index, 5);
    for (int i = 0; i < N; ++i)
      wrong += words.word[i] == random(index + static_cast<std::uint64_t>(i), 5) ? 0 : 1;
  }
  return wrong;
}

}  // namespace

TEST_CASE("cuda: random words are those of their elements, from any index on") {
  CHECK(wrong_words<1>() == 0);
  CHECK(wrong_words<2>() == 0);
  CHECK(wrong_words<3>() == 0);
  CHECK(wrong_words<4>() == 0);
  CHECK(wrong_words<8>() == 0);
  CHECK(wrong_words<16>() == 0);
}

TEST_CASE("cuda: a vector of codes is what pack() writes") {
  check_layout<E2M1, 8>();
  check_layout<E2M1, 5>();
  check_layout<INT3, 32>();
  check_layout<E2M3, 16>();
  check_layout<E4M3, 4>();
  check_layout<INT8, 3>();
}

TEST_CASE("cuda: a vector of numbers, 16 bits or 32") {
  cuda::Values<Code<BF16>, 3> halves;
  halves.set(0, 1.0f);
  halves.set(1, -2.0f);
  halves.set(2, 1.00390625f);  // rounded
  CHECK(halves.word[0] == 0xC0003F80);
  CHECK(halves[2] == 1.0f);
  halves.set(1, 0.0f);
  CHECK(halves[0] == 1.0f);
  cuda::Values<float, 2> floats;
  floats.set(1, 0.1f);
  CHECK(floats[1] == 0.1f);
}

TEST_CASE("cuda: the largest magnitude of eight, NaN above all") {
  cuda::Values<float, 8> x;
  x.set(3, -2.0f);
  CHECK(cuda::largest_magnitude(x) == magnitude_bits(2.0f));
  x.set(7, bit_cast<float>(0xFF800001u));
  CHECK(cuda::largest_magnitude(x) == 0x7F800001u);
}
