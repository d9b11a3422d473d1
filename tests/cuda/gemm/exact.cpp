// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The checks of exact.cu, on the host, and that they see what they are made for.

#include <cuda/gemm/exact.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("cuda: integers are multiplied exactly by every kernel, 4-bit weights") {
  check_exact_4_bits<OnHost>({37, 333}, 21);
}

TEST_CASE(
    "cuda: one code that is one step off changes what it was multiplied by, and nothing else") {
  using S = BlockScheme<NVFP4>;
  QuantTensor<S> w = integer_tensor<S>({37, 333}, 1);
  auto const x = integer_matrix<Code<BF16>>({21, 333}, 2);
  Matrix<float> const expected = integer_product(widened(x), numbers_of(w));
  index_t const column = 332;
  w.codes[static_cast<std::size_t>(36 * w.row_bytes + column / 2)] ^= 1;
  int concerned = 0;
  for (index_t m = 0; m < 21; ++m) concerned += to_float(x(m, column)) != 0.0f ? 1 : 0;
  CHECK(concerned > 10);
  with_every_kernel<OnHost>(
      w, x, [&](Matrix<float> const& y) { CHECK(different(y, expected) == concerned); });
}

TEST_CASE("cuda: sums of integers are long enough to show an accumulator of 14 bits") {
  using S = QuantScheme<E4M3, PerBlock<128, 128>>;
  auto const x = integer_matrix<Code<BF16>>({21, 1999}, 2);
  Matrix<float> const y = integer_product(widened(x), numbers_of(integer_tensor<S>({37, 1999}, 1)));
  int longer = 0;
  for (float const sum : y.values) {
    int exponent = 0;
    float const digits = std::ldexp(std::frexp(sum, &exponent), 14);
    longer += digits != std::trunc(digits) ? 1 : 0;
  }
  CHECK(longer > 21 * 37 / 2);
}
