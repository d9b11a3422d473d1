// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/cuda/ptx/memory.cuh>

using namespace qfmt;
using namespace qfmt::cuda;

TEST_CASE("cuda: words are loaded side by side") {
  alignas(16) std::uint32_t const words[4] = {1, 2, 3, 4};
  CHECK(ptx::load<4>(words).word[3] == 4);
  CHECK(ptx::load<2>(words + 2).word[0] == 3);
  CHECK(ptx::load_once<1>(words + 1).word[0] == 2);
  static_assert(alignof(ptx::Words<4>) == 16 && sizeof(ptx::Words<2>) == 8);
}

TEST_CASE("cuda: words are stored side by side, and values loaded by their size") {
  alignas(16) std::uint32_t to[5] = {9, 9, 9, 9, 9};
  ptx::store(to, {{0x3F800000u, 2, 0x00080007u, 4}});
  CHECK(to[3] == 4);
  CHECK(to[4] == 9);
  CHECK(ptx::load_constant<float>(to) == 1.0f);
  CHECK(ptx::load_constant<std::uint16_t>(reinterpret_cast<std::uint16_t const*>(to) + 5) == 8);
  CHECK(ptx::load_constant<std::uint64_t>(to + 2) == 0x400080007u);
}
