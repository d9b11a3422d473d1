// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The portable backend at the edges: sizes around its blocks, operands of every kind.

#include <gemm/laws.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("more rows, columns and depth than a block has") {
  for (Shape const shape : {Shape{128, 64}, Shape{129, 65}, Shape{260, 130}, Shape{5, 700}}) {
    for (index_t const k : {128, 129, 300}) {
      auto const x = normal_matrix({shape.rows, k}, 1);
      auto const w = quantized<BlockScheme<NVFP4>>({shape.cols, k}, 2);
      expect_held(like_the_reference(PortableGemm{}, x.view(), w.view()));
    }
  }
}

TEST_CASE("no rows, no columns, no depth") {
  for (Shape const outputs : {Shape{0, 5}, Shape{5, 0}, Shape{0, 0}}) {
    Matrix<float> const x{{outputs.rows, 7}}, w{{outputs.cols, 7}};
    CHECK(gemm_with(PortableGemm{}, x.view(), w.view(), MatrixView<float>{nullptr, outputs}) == Status::ok);
  }
  float const bias[] = {1.0f, 2.0f};
  Matrix<float> const x{{1, 0}}, w{{2, 0}};
  Matrix<float> y{{1, 2}};
  CHECK(gemm_with(PortableGemm{}, x.view(), w.view(), y.view(), Bias{bias, 2}) == Status::ok);
  CHECK(y(0, 0) == 1.0f);
  CHECK(y(0, 1) == 2.0f);
}

TEST_CASE("ragged shapes of dense weights and quantized activations") {
  for (index_t const k : {1, 17, 33, 127}) {
    for (index_t const n : {1, 33, 65}) {
      for (index_t const m : {1, 3, 17}) {
        auto const dense = normal_matrix<Code<BF16>>({n, k}, 2);
        expect_held(like_the_reference(PortableGemm{}, normal_matrix({m, k}, 1).view(), dense.view()));
        auto const x = quantized<BlockScheme<NVFP4>>({m, k}, 1), w = quantized<BlockScheme<NVFP4>>({n, k}, 2);
        expect_held(like_the_reference(PortableGemm{}, x.view(), w.view()));
      }
    }
  }
}

TEST_CASE("every kind of operand on either side, every type of output") {
  auto const with = []<class X, class W>(X const& x, W const& w) {
    expect_held(like_the_reference(PortableGemm{}, x, w));
    expect_held(within_the_bound(PortableGemm{}, x, w));
  };
  Shape const xs{9, 150};
  Shape const ws{70, 150};
  auto const x = normal_matrix(xs, 1);
  auto const x_bf16 = normal_matrix<Code<BF16>>(xs, 2);
  auto const x_fp16 = normal_matrix<Code<FP16>>(xs, 3);
  auto const x_int8 = quantized<QuantScheme<INT8, PerToken, Symmetric, Dynamic>>(xs, 4);
  auto const x_nvfp4 = quantized<BlockScheme<NVFP4>>(xs, 5);
  auto const w = normal_matrix(ws, 6);
  auto const w_bf16 = normal_matrix<Code<BF16>>(ws, 7);
  auto const w_fp16 = normal_matrix<Code<FP16>>(ws, 8);
  auto const w_int8 = quantized<QuantScheme<INT8, PerChannel>>(ws, 9);
  auto const w_nvfp4 = quantized<BlockScheme<NVFP4>>(ws, 10);

  with(x.view(), w.view());
  with(x.view(), w_bf16.view());
  with(x.view(), w_fp16.view());
  with(x_bf16.view(), w_bf16.view());
  with(x_bf16.view(), w_nvfp4.view());
  with(x_fp16.view(), w_int8.view());
  with(x_int8.view(), w_int8.view());
  with(x_nvfp4.view(), w_nvfp4.view());
  with(x_int8.view(), w.view());

  expect_held(like_the_reference(PortableGemm{}, x.view(), w_nvfp4.view(), Code<BF16>{}));
  expect_held(like_the_reference(PortableGemm{}, x.view(), w_nvfp4.view(), Code<FP16>{}));
  expect_held(within_the_bound(PortableGemm{}, x.view(), w_nvfp4.view(), Code<BF16>{}));
  expect_held(within_the_bound(PortableGemm{}, x.view(), w_nvfp4.view(), Code<FP16>{}));
  auto const bias = normal_matrix({1, 70}, 11);
  expect_held(like_the_reference(PortableGemm{}, x.view(), w_nvfp4.view(), Code<BF16>{}, Bias{bias.values.data(), 70}));
}

TEST_CASE("what lies between the rows of x and w is not read") {
  auto const nan = std::bit_cast<float>(0x7FC00000u);
  Matrix<float> x{{6, 50}, nan};
  Matrix<float> w{{12, 50}, nan};
  Samples samples{4};
  for (index_t k = 0; k < 41; ++k) {
    for (index_t m = 0; m < 6; ++m) x(m, k + 2) = samples.normal();
    for (index_t n = 0; n < 12; ++n) w(n, k + 2) = samples.normal();
  }
  MatrixView<float const> const xv{x.values.data() + 2, {6, 41}, 50};
  MatrixView<float const> const wv{w.values.data() + 2, {12, 41}, 50};
  expect_held(within_the_bound(PortableGemm{}, xv, wv));
}
