// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/x86/tile.hpp>
#include <support/environment.hpp>

#if defined(QFMT_X86)

using namespace qfmt;
using namespace qfmt::test;

// That all elements are where they belong, and the bits of sums, is tested with the backend
// (digit_gemm.cpp): here it is the ends of the number line and of memory.
TEST_CASE("AVX-512 VNNI: the largest integers, at the end of memory") {
  if (selected_isa() < Isa::avx512_vnni) return skip("AVX-512 VNNI");
  check_extremes_of_formats<Isa::avx512_vnni>();
}

#endif
