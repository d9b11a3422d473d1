// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/x86/tile.hpp>
#include <support/environment.hpp>

#if defined(QFMT_X86)

using namespace qfmt;
using namespace qfmt::test;

// The bits of sums are tested with the backend (digit_gemm.cpp).
TEST_CASE("words: the largest integers, at the end of memory") {
  if (selected_isa() < Isa::avx512_vnni)
    return skip("AVX-512 VNNI");
  using Nvfp4 = BlockScheme<NVFP4>;
  using Mxfp4 = BlockScheme<MXFP4>;
  using Quarters = BlockScheme<MXS1M3>;
  using Asymmetric4 = QuantScheme<INT4, PerGroup<128>, Asymmetric>;
  using Int8 = QuantScheme<INT8, PerChannel>;
  check_extremes<x86::WordKernels<Nvfp4, 2>, Nvfp4, 2>({7, 15});
  check_extremes<x86::WordKernels<Nvfp4, 3>, Nvfp4, 3>({7, 15});
  check_extremes<x86::WordKernels<Mxfp4, 3>, Mxfp4, 3>({7, 15});
  check_extremes<x86::WordKernels<Quarters, 2>, Quarters, 2>({6, 14});
  check_extremes<x86::WordKernels<Asymmetric4, 3>, Asymmetric4, 3>({7, 8});
  check_extremes<x86::WordKernels<Int8, 2>, Int8, 2>({127, 128});
}

TEST_CASE("words: where three digits are exact") {
  static_assert(has_words<BlockScheme<NVFP4>>(3) && has_words<BlockScheme<MXFP4>>(3));
  static_assert(!has_words<BlockScheme<MXS1M3>>(3) && !has_words<QuantScheme<INT8, PerChannel>>(3));
  static_assert(has_words<QuantScheme<INT8, PerChannel>>(2) && !has_words<BlockScheme<NVFP4>>(1));
}

#endif
