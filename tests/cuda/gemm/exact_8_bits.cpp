// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cuda/gemm/exact.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("cuda: integers are multiplied exactly by every kernel, 8-bit weights") {
  check_exact_8_bits<OnHost>({37, 333}, 21);
}
