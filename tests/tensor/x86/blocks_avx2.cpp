// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// What AVX2 does with 8 blocks side by side. Whole rows are in quantize_blocks.cpp.

#include "blocks.hpp"

TEST_CASE("8 blocks: their largest magnitudes, wherever they stand") {
#if defined(QFMT_X86)
  using Kernel = qfmt::x86::avx2::BlockKernel;
  if (qfmt::detected_isa() >= qfmt::Isa::avx2) {
    CHECK(qfmt::test::misplaced_maxima<Kernel, 16>() == 0);
    CHECK(qfmt::test::misplaced_maxima<Kernel, 32>() == 0);
    CHECK(qfmt::test::unnoticed_values<Kernel>() == 0);
  }
#endif
}
