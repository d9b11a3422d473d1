// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/cuda/ptx/bits.cuh>

using namespace qfmt;

TEST_CASE("cuda: permute chooses bytes, or copies of their signs") {
  static_assert(cuda::ptx::permute(0x33221100, 0x77665544, 0x3210) == 0x33221100);
  static_assert(cuda::ptx::permute(0x33221100, 0x77665544, 0x7654) == 0x77665544);
  static_assert(cuda::ptx::permute(0x33221100, 0x77665544, 0x0426) == 0x00442266);
  static_assert(cuda::ptx::permute(0x80FF7F00, 0, 0x3A98) == 0x80FF0000);
  CHECK(cuda::ptx::permute(0x80FF7F00, 0, 0xB210) == 0xFFFF7F00);
}

TEST_CASE("cuda: and_xor") {
  static_assert(cuda::ptx::and_xor(0xFFFF1234, 0x000F000F, 0x43004300) == 0x430F4304);
  CHECK(cuda::ptx::and_xor(0, 0xFF, 0xAB) == 0xAB);
}
