// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The codecs of the signed integers, compiled so that all 2^32 inputs take seconds.

#include <support/codec_kernel.hpp>

namespace codec_test = qfmt::test;

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif
#include <support/codec_kernel_bodies.hpp>

codec_test::CodecKernels kernels_signed_integers() {
  using namespace qfmt;
  return kernels_of(TypeList<INT2, INT3, INT4, INT5, INT6, INT7, INT8>{}, TypeList<Saturate, ToSpecial>{});
}
