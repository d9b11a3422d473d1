// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The codecs of the unsigned integers, compiled so that all 2^32 inputs take seconds.

#include <support/codec_kernel.hpp>

namespace codec_test = qfmt::test;

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif
#include <support/codec_kernel_bodies.hpp>

codec_test::CodecKernels kernels_unsigned_integers() {
  using namespace qfmt;
  return kernels_of(TypeList<UINT2, UINT3, UINT4, UINT5, UINT6, UINT7, UINT8>{}, TypeList<Saturate, ToSpecial>{});
}
