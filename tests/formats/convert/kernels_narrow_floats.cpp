// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The codecs of the narrower float formats, compiled so that all 2^32 inputs take seconds.

#include <support/codec_kernel.hpp>

namespace codec_test = qfmt::test;

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif
#include <support/codec_kernel_bodies.hpp>

codec_test::CodecKernels kernels_narrow_floats() {
  using namespace qfmt;
  return kernels_of(TypeList<E2M1, E2M3, E3M2, E3M4, E4M3, E4M3FNUZ>{}, TypeList<Saturate, ToSpecial>{});
}
