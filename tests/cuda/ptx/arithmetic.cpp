// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// What the host's versions promise of the instructions they stand for: one rounding, subnormals kept,
// a number instead of a NaN. tests/cuda/dequant.cu compares the instructions with them.

#include <doctest/doctest.h>
#include <initializer_list>

#include <qfmt/core/bit.hpp>
#include <qfmt/cuda/ptx/arithmetic.cuh>

using namespace qfmt;
using namespace qfmt::cuda;

TEST_CASE("cuda: arithmetic rounds once and keeps subnormals") {
  CHECK(ptx::multiply_add(1.0f + 0x1p-23f, 1.0f - 0x1p-23f, -1.0f) == -0x1p-46f);
  CHECK(ptx::multiply(0x1p-100f, 0x1p-49f) == 0x1p-149f);
  CHECK(ptx::add(0x1p24f, 1.0f) == 0x1p24f);  // a tie, to even
  CHECK(ptx::reciprocal(0x1p127f) == 0x1p-127f);
  CHECK(ptx::divide(1.0f, 3.0f) == 0x1.555556p-2f);
  CHECK(bit_cast<std::uint32_t>(ptx::magnitude(-0.0f)) == 0u);
  CHECK(ptx::square_root(2.0f) == 0x1.6a09e6p0f);
}

TEST_CASE("cuda: of a NaN and a number, the number") {
  for (float const nan : {bit_cast<float>(0x7FC00000u), bit_cast<float>(0xFF800001u)}) {
    CHECK(ptx::smaller(nan, 2.0f) == 2.0f);
    CHECK(ptx::smaller(2.0f, nan) == 2.0f);
    CHECK(ptx::larger(nan, -2.0f) == -2.0f);
    CHECK(ptx::larger(-2.0f, nan) == -2.0f);
  }
  CHECK(ptx::smaller(-1.0f, 2.0f) == -1.0f);
  CHECK(ptx::larger(-1.0f, 2.0f) == 2.0f);
}
