// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Loads and stores of eight at every alignment and every number of present ones: nothing beyond them is
// read (the buffer ends there, which a sanitizer sees) or written.

#include <algorithm>
#include <doctest/doctest.h>
#include <memory>
#include <vector>

#include <qfmt/cuda/tensor/row_vector.cuh>
#include <qfmt/formats/all.hpp>
#include <qfmt/packing/pack.hpp>

using namespace qfmt;

namespace {

template <class T>
void check_vectors() {
  for (index_t offset = 0; offset < 8; ++offset) {
    for (index_t present = 0; present <= 8; ++present) {
      auto const size = static_cast<std::size_t>(offset + present);
      std::unique_ptr<T[]> const from{new T[size]};
      std::vector<T> to(size + 8, from_float<T>(-5.0f));
      for (std::size_t i = 0; i < size; ++i) from[i] = from_float<T>(static_cast<float>(i) + 0.5f);
      auto const x = cuda::load_vector<T>(from.get() + offset, present);
      cuda::store_vector<T>(x, to.data() + offset, present);
      auto const wide = cuda::widen<T>(x);
      bool right = true;
      for (index_t i = 0; i < 8; ++i) {
        float const expected = i < present ? static_cast<float>(offset + i) + 0.5f : 0.0f;
        right = right && wide[static_cast<int>(i)] == expected;
      }
      for (index_t i = 0; i < offset + present + 8; ++i) {
        bool const written = i >= offset && i < offset + present;
        float const expected = written ? static_cast<float>(i) + 0.5f : -5.0f;
        right = right && to_float(to[static_cast<std::size_t>(i)]) == expected;
      }
      CHECK(right);
      CHECK(cuda::narrow<T>(wide).word[0] == x.word[0]);
    }
  }
}

template <class F>
void check_codes() {
  for (int offset = 0; offset < 8; ++offset) {
    for (index_t present = 1; present <= 8; ++present) {
      std::vector<std::uint8_t> to(32, 0xA5);
      std::vector<std::uint8_t> expected = to;
      cuda::Codes<F, 8> codes;
      Code<F> plain[8];
      for (int i = 0; i < 8; ++i) {
        plain[i].bits = static_cast<typename F::storage_type>(i + 1);
        codes.set(i, plain[i]);
      }
      cuda::store_codes<F>(codes, to.data() + offset, present);
      pack<F>(plain, present, expected.data() + offset, packed_bytes<F>(present));
      CHECK(to == expected);
    }
  }
}

}  // namespace

TEST_CASE("cuda: eight elements of a row, from and to any address") {
  check_vectors<float>();
  check_vectors<Code<BF16>>();
  check_vectors<Code<FP16>>();
}

TEST_CASE("cuda: eight codes are what pack() writes, and nothing else is written") {
  check_codes<E2M1>();
  check_codes<E2M3>();
  check_codes<E4M3>();
  check_codes<INT5>();
}
