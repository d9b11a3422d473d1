// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/laws.hpp>
#include <support/executors.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("the reference adds rounded products in increasing k") {
  // 2^24 + 1 + 1 is 2^24 when added in this order, and 2^24 + 2 in the other.
  float const x[] = {1.0f, 1.0f, 1.0f};
  float const w[] = {0x1p24f, 1.0f, 1.0f, 1.0f, 1.0f, 0x1p24f};
  float y[2] = {};
  MatrixView<float const> const xv{x, {1, 3}};
  MatrixView<float const> const wv{w, {2, 3}};
  CHECK(gemm_with(ReferenceGemm{}, xv, wv, MatrixView<float>{y, {1, 2}}) == Status::ok);
  CHECK(y[0] == 0x1p24f);
  CHECK(y[1] == 0x1p24f + 2.0f);
}

TEST_CASE("the reference reads every weight where it is") {
  GemmSchemes::for_each([]<class S>() {
    CAPTURE(S::Format::name);
    auto const w = quantized<S>({131, 133}, 11);
    expect_held(one_hot_probe(ReferenceGemm{}, w.view(), expected_values(w)));
  });
}

TEST_CASE("the reference stays within the derived bound") {
  auto const x = normal_matrix({5, 300}, 1);
  auto const w = quantized<BlockScheme<NVFP4>>({20, 300}, 2);
  auto const dense = normal_matrix<Code<FP16>>({20, 300}, 3);
  expect_held(within_the_bound(ReferenceGemm{}, x.view(), w.view()));
  expect_held(within_the_bound(ReferenceGemm{}, x.view(), dense.view()));
  expect_held(within_the_bound(ReferenceGemm{}, x.view(), w.view(), Code<BF16>{}));
  expect_held(within_the_bound(ReferenceGemm{}, x.view(), w.view(), Code<FP16>{}));
}

TEST_CASE("the laws catch wrong backends") {
  auto const x = normal_matrix({5, 300}, 1);
  auto const w = quantized<BlockScheme<NVFP4>>({20, 300}, 2);
  expect_violated(within_the_bound(AccumulatesInBF16{}, x.view(), w.view()));
  expect_violated(within_the_bound(DropsTheTail{}, x.view(), w.view()));
  expect_violated(like_the_reference(SumsBackwards{}, x.view(), w.view()));
  expect_held(within_the_bound(SumsBackwards{}, x.view(), w.view()));
  expect_violated(like_the_reference(WritesOutside{}, x.view(), w.view()));
  expect_violated(one_hot_probe(DropsTheTail{}, w.view(), expected_values(w)));
}

TEST_CASE("the reference does not depend on the executor") {
  auto const x = normal_matrix({9, 64}, 1);
  auto const w = normal_matrix({20, 64}, 2);
  expect_held(like_the_reference(ReferenceGemm{}, x.view(), w.view(), float{}, NoEpilogue{}, Reversed{}));
  expect_held(like_the_reference(ReferenceGemm{}, x.view(), w.view(), float{}, NoEpilogue{}, Threads{}));
}
