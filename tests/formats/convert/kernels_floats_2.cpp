// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Codecs compiled so that all 2^32 inputs take seconds: the float formats, part 3 of 3.

#include <support/codec_kernel.hpp>

namespace codec_test = qfmt::test;

#include <support/kernel_options.hpp>
// It comes before what it is about.
#include <support/codec_kernel_bodies.hpp>

codec_test::CodecKernels kernels_floats_2() {
  using namespace qfmt;
  return kernels_of<2, 3>(FloatFormats{});
}
