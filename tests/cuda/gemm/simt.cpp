// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/cuda/gemm/simt.cuh>
#include <qfmt/formats/e2m3.hpp>

#include <cuda/gemm/products.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class X, class W>
Matrix<float> product(X const& x, W const& w) {
  Matrix<float> y{{x.shape.rows, w.shape.rows}, std::nanf("")};
  cuda::Simt<X, W, float, NoEpilogue> const kernel{x, w, y.view(), {}};
  emulate(kernel, kernel.grid());
  return y;
}

}  // namespace

TEST_CASE("cuda: simt multiplies packed weights, unpacked ones, and formats that no other takes") {
  using S = BlockScheme<NVFP4>;
  QuantTensor<S> const w = random_tensor<S>({130, 70}, 1);
  Matrix<float> const x = normal_matrix({3, 70}, 2);
  auto const packed = *cuda::pack(w.view());
  expect_held(like_binary64(x, numbers_of(w), product(x.view(), packed.view())));
  expect_held(like_binary64(x, numbers_of(w), product(x.view(), w.view())));

  using Odd = QuantScheme<E2M3, PerBlock<7, 11>>;
  QuantTensor<Odd> const odd = random_tensor<Odd>({5, 30}, 3);
  QuantTensor<Int8Tokens> const codes = random_tensor<Int8Tokens>({2, 30}, 4);
  expect_held(like_binary64(numbers_of(codes), numbers_of(odd), product(codes.view(), odd.view())));
}

TEST_CASE("cuda: simt of nothing is the epilogue of zero") {
  QuantTensor<Int8Rows> const w{{3, 0}};
  Matrix<Code<BF16>> const x{{2, 0}};
  Matrix<float> const y = product(x.view(), w.view());
  CHECK(y(1, 2) == 0.0f);
}
