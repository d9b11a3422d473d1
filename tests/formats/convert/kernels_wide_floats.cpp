// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The codecs of the wider float formats, compiled so that all 2^32 inputs take seconds.

#include <support/codec_kernel.hpp>

namespace codec_test = qfmt::test;

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif
#include <support/codec_kernel_bodies.hpp>

codec_test::CodecKernels kernels_wide_floats() {
  using namespace qfmt;
  return kernels_of(TypeList<E5M2, E5M2FNUZ, UE4M3, FP16, BF16, E8M0>{}, TypeList<Saturate, ToSpecial>{});
}
