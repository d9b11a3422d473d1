// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <support/compare.hpp>
#include <support/executors.hpp>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/fake_quantize.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class S, class T>
void check_scheme() {
  auto const matrix = normal_matrix<T>({20, 50}, 95);
  auto const q = quantize<S, T>(matrix.view());
  REQUIRE(q.ok());
  Matrix<T> expected{matrix.shape};
  REQUIRE(dequantize<S, T>(q->view(), expected.view()) == Status::ok);
  Matrix<T> out{matrix.shape};
  REQUIRE(fake_quantize<S, T>(matrix.view(), out.view()).ok());
  CHECK(out.values == expected.values);
  Matrix<T> threaded{matrix.shape};
  REQUIRE(fake_quantize<S, T>(matrix.view(), threaded.view(), Threads{}).ok());
  CHECK(threaded.values == expected.values);
}

}  // namespace

TEST_CASE("fake_quantize is quantize and then dequantize") {
  check_scheme<BlockScheme<NVFP4>, float>();
  check_scheme<QuantScheme<INT8, PerToken, Symmetric, Dynamic>, Code<BF16>>();
}

TEST_CASE("fake_quantize in place") {
  auto matrix = normal_matrix({4, 32}, 96);
  Matrix<float> out{matrix.shape};
  using S = BlockScheme<MXFP4>;
  REQUIRE(fake_quantize<S, float>(matrix.view(), out.view()).ok());
  REQUIRE(fake_quantize<S, float>(matrix.view(), matrix.view()).ok());
  CHECK(same_bits(matrix.values, out.values).equal);
}

TEST_CASE("fake_quantize refuses what quantize and dequantize refuse, and leaves the output") {
  auto matrix = normal_matrix({2, 16}, 97);
  Matrix<float> out{{2, 16}, poison()};
  using S = QuantScheme<INT8, PerToken, Symmetric, Dynamic>;
  Matrix<float> small{{2, 15}, poison()};
  CHECK(fake_quantize<S, float>(matrix.view(), small.view()).status() == Status::shape_mismatch);
  matrix(1, 3) = std::numeric_limits<float>::quiet_NaN();
  auto const result = fake_quantize<S, float>(matrix.view(), out.view());
  CHECK(result.status() == Status::nonfinite_activation);
  CHECK(result.error().message ==
        "row 1, column 3: got NaN, expected a finite value; not finite: 1 of 32");
  for (float const x : out.values) CHECK(std::bit_cast<std::uint32_t>(x) == poison_bits);
}
