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
