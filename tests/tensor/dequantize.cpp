// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/compare.hpp>
#include <support/executors.hpp>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/dequantize.hpp>
#include <qfmt/tensor/quantize.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// Every element is that of the view, in every type and by every executor.
template <class S>
void check_scheme(Shape shape) {
  auto const matrix = normal_matrix(shape, 91);
  auto const q = quantize<S, float>(matrix.view());
  REQUIRE(q.ok());
  auto const view = q->view();
  std::vector<float> expected;
  for (index_t r = 0; r < shape.rows; ++r) {
    for (index_t c = 0; c < shape.cols; ++c) expected.push_back(view(r, c));
  }

  Matrix<float> out{shape, poison()};
  REQUIRE(dequantize<S, float>(view, out.view()) == Status::ok);
  auto const same = same_bits(out.values, expected);
  CHECK_MESSAGE(same.equal, same.difference);

  Matrix<float> threaded{shape, poison()};
  REQUIRE(dequantize<S, float>(view, threaded.view(), Threads{}) == Status::ok);
  CHECK(same_bits(threaded.values, expected).equal);

  Matrix<Code<BF16>> half{shape};
  REQUIRE(dequantize<S, Code<BF16>>(view, half.view()) == Status::ok);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (half.values[i] != from_float<Code<BF16>>(expected[i]))
      FAIL(i);
  }
}

}  // namespace

TEST_CASE("dequantize writes the value of every element") {
  check_scheme<QuantScheme<INT8, PerChannel>>({5, 33});
  check_scheme<QuantScheme<INT4, PerGroup<32>, Asymmetric, Static<MinMax>>>({40, 70});
  check_scheme<BlockScheme<NVFP4>>({33, 31});
}

TEST_CASE("dequantize writes into a view with a stride, and nothing else") {
  auto const matrix = normal_matrix({3, 16}, 92);
  auto const q = quantize<BlockScheme<MXFP4>>(matrix.view());
  REQUIRE(q.ok());
  std::vector<float> wide(60, poison());
  REQUIRE(dequantize(q->view(), MatrixView<float>{wide.data() + 2, {3, 16}, 20}) == Status::ok);
  for (std::size_t i = 0; i < wide.size(); ++i) {
    bool const inside = i % 20 >= 2 && i % 20 < 18;
    CHECK((std::bit_cast<std::uint32_t>(wide[i]) == poison_bits) == !inside);
  }
}

TEST_CASE("dequantize refuses what does not fit, and writes nothing then") {
  auto const matrix = normal_matrix({2, 16}, 93);
  auto const q = quantize<QuantScheme<INT8, PerChannel>>(matrix.view());
  REQUIRE(q.ok());
  std::vector<float> out(64, poison());
  CHECK(dequantize(q->view(), MatrixView<float>{out.data(), {2, 15}}) == Status::shape_mismatch);
  CHECK(dequantize(q->view(), MatrixView<float>{out.data(), {3, 16}}) == Status::shape_mismatch);
  CHECK(dequantize(q->view(), MatrixView<float>{out.data(), {2, 16}, 15}) ==
        Status::stride_invalid);
  CHECK(dequantize(q->view(), MatrixView<float>{nullptr, {2, 16}}) == Status::null_pointer);
  auto broken = q->view();
  broken.scales = nullptr;
  CHECK(dequantize(broken, MatrixView<float>{out.data(), {2, 16}}) == Status::null_pointer);
  broken = q->view();
  broken.codes = nullptr;
  CHECK(dequantize(broken, MatrixView<float>{out.data(), {2, 16}}) == Status::null_pointer);
  for (float const x : out) CHECK(std::bit_cast<std::uint32_t>(x) == poison_bits);

  QuantTensor<QuantScheme<INT8, PerChannel>> const empty{Shape{0, 16}};
  CHECK(dequantize(empty.view(), MatrixView<float>{nullptr, {0, 16}}) == Status::ok);
}
