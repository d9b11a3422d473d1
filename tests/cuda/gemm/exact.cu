// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cuda/device/kernels.hpp>
#include <cuda/gemm/exact.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("cuda: a device multiplies integers exactly, with every kernel and weight format") {
  if (!has_device("integers"))
    return;
  for (Shape const shape : {Shape{37, 333}, Shape{144, 1999}, Shape{128, 2048}}) {
    for (index_t const tokens : {21, 67}) {
      CAPTURE(shape.cols);
      CAPTURE(tokens);
      check_exact_4_bits<OnDevice>(shape, tokens);
      check_exact_8_bits<OnDevice>(shape, tokens);
    }
  }
}
