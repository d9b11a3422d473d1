// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The instructions exist in device code only. Here the layout that the header describes is compared
// with the one that the emulation has from the manual.

#include <doctest/doctest.h>

#include <qfmt/cuda/ptx/mma.cuh>

#include <cuda/emulation/machine.hpp>

using namespace qfmt;
using Halves = test::FragmentMap<Code<BF16>>;
using Bytes = test::FragmentMap<std::int8_t>;

TEST_CASE("cuda: a lane's registers of mma.m16n8k16 and m16n8k32") {
  for (int lane = 0; lane < 32; ++lane) {
    int const g = lane / 4;
    int const t = lane % 4;
    CHECK(Halves::row_of_a(lane, 1) == g + 8);
    CHECK(Halves::k_of_a(lane, 2, 1) == 2 * t + 1 + 8);
    CHECK(Halves::k_of_b(lane, 1, 0) == 2 * t + 8);
    CHECK(Halves::token_of_b(lane) == g);
    CHECK(Halves::token_of_c(lane, 3) == 2 * t + 1);
    CHECK(Halves::row_of_c(lane, 2) == g + 8);
    CHECK(Bytes::k_of_a(lane, 3, 3) == 4 * t + 3 + 16);
    CHECK(Bytes::k_of_b(lane, 1, 0) == 4 * t + 16);
  }
}
