// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The conversion instructions exist on a device only; tests/cuda/dequant.cu compares them there
// with the functions that the host runs.

#include <doctest/doctest.h>

#include <qfmt/cuda/ptx/convert.cuh>

TEST_CASE("cuda: no conversion instruction is taken for one of the host's") {
#if defined(QFMT_HAS_CVT_FP8) || defined(QFMT_HAS_CVT_FP4)
  bool const taken = true;
#else
  bool const taken = false;
#endif
  CHECK_FALSE(taken);
}
