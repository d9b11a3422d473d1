// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <support/codec_kernel.hpp>
#include <support/environment.hpp>

// The codecs of this program, each list from a translation unit of its own (kernels_*.cpp).

qfmt::test::CodecKernels kernels_floats_0();
qfmt::test::CodecKernels kernels_floats_1();
qfmt::test::CodecKernels kernels_floats_2();
qfmt::test::CodecKernels kernels_integers_0();
qfmt::test::CodecKernels kernels_integers_1();
qfmt::test::CodecKernels kernels_scales();
qfmt::test::CodecKernels kernels_ofast();
bool differs_from_itself(float x);  // compiled like kernels_ofast(): then NaN does not

/// The conversions of the CUDA headers, without codecs and decode; none if there are no headers.
qfmt::test::CodecKernels cuda_kernels();
int cuda_version();  // of the headers, as 13000

/// Whether the kernels run on this processor; if not, says so.
inline bool can_run_kernels() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2")) {
    qfmt::test::skip("the kernels are compiled for AVX2, which this processor has not");
    return false;
  }
#endif
  return true;
}

/// All of the library but kernels_ofast().
inline qfmt::test::CodecKernels all_kernels() {
  qfmt::test::CodecKernels kernels;
  for (auto const& part : {kernels_floats_0(), kernels_floats_1(), kernels_floats_2(),
                           kernels_integers_0(), kernels_integers_1(), kernels_scales()}) {
    kernels.insert(kernels.end(), part.begin(), part.end());
  }
  return kernels;
}
