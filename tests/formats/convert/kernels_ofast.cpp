// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The codecs as a program gets them that is compiled with -Ofast: a format of each kind.

#include <support/codec_kernel.hpp>

namespace codec_test = qfmt::test;
bool differs_from_itself(float x);

#define qfmt qfmt_under_ofast  // NOLINT(readability-identifier-naming)
#define QFMT_TEST_KERNEL       // with a target of its own g++ would inline nothing into it
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("Ofast")
#endif
#include <support/codec_kernel_bodies.hpp>

bool differs_from_itself(float x) {
  return x != x;
}

codec_test::CodecKernels kernels_ofast() {
  using namespace qfmt;
  return kernels_of<0, 1>(TypeList<E2M1, E4M3, E4M3FNUZ, E5M2, UE4M3, BF16, E8M0, INT8, UINT8>{});
}
