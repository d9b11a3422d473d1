// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/executors.hpp>
#include <support/samples.hpp>

#include <qfmt/calibration/rotation.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

double largest_difference(std::vector<float> const& a, std::vector<float> const& b) {
  double most = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return most;
}

/// x w^T.
std::vector<float> product(Matrix<float> const& x, Matrix<float> const& w) {
  std::vector<float> out;
  for (index_t t = 0; t < x.shape.rows; ++t) {
    for (index_t r = 0; r < w.shape.rows; ++r) {
      double sum = 0.0;
      for (index_t k = 0; k < w.shape.cols; ++k)
        sum += static_cast<double>(x(t, k)) * static_cast<double>(w(r, k));
      out.push_back(static_cast<float>(sum));
    }
  }
  return out;
}

}  // namespace

TEST_CASE("R1: a layer that writes and a layer that reads, rotated: outputs stay") {
  auto const inputs = normal_matrix({6, 10}, 1);
  auto writer = normal_matrix({24, 10}, 2);  // (hidden, 10)
  auto reader = normal_matrix({7, 24}, 3);   // (7, hidden)
  auto const forward = [&] {
    Matrix<float> hidden{{6, 24}};
    hidden.values = product(inputs, writer);
    return product(hidden, reader);
  };
  auto const before = forward();
  auto const rotation = Rotation::random_hadamard(24, 3);
  REQUIRE(rotation);
  REQUIRE(rotate_outputs<float>(writer.view(), *rotation));
  CHECK(largest_difference(forward(), before) > 1.0);  // one of the two is not enough
  REQUIRE(rotate_inputs<float>(reader.view(), *rotation));
  CHECK(largest_difference(forward(), before) < 1e-4);
  // An embedding is rotated as a reader is: its rows are what is written.
  auto embedding = normal_matrix({5, 24}, 4);
  auto const original = embedding;
  auto head = normal_matrix({5, 24}, 5);
  auto const logits = product(embedding, head);
  REQUIRE(rotate_inputs<float>(embedding.view(), *rotation));
  REQUIRE(rotate_inputs<float>(head.view(), *rotation));
  CHECK(largest_difference(product(embedding, head), logits) < 1e-4);
}

TEST_CASE("R2: head by head, a smaller rotation for every block; a bias turns with its layer") {
  auto const rotation = Rotation::hadamard(8);
  REQUIRE(rotation);
  auto const inputs = normal_matrix({3, 5}, 1);
  auto v = normal_matrix({16, 5}, 2);
  auto bias = normal_matrix({16, 1}, 6);
  auto o = normal_matrix({4, 16}, 3);
  auto const forward = [&] {
    Matrix<float> values{{3, 16}};
    values.values = product(inputs, v);
    for (index_t t = 0; t < 3; ++t)
      for (index_t c = 0; c < 16; ++c) values(t, c) += bias(c, 0);
    return product(values, o);
  };
  auto const before = forward();
  REQUIRE(rotate_outputs<float>(v.view(), *rotation));
  REQUIRE(rotate_inputs<float>(o.view(), *rotation));
  CHECK(largest_difference(forward(), before) > 1e-2);  // the bias is still where it was
  REQUIRE(rotate_outputs<float>(bias.view(), *rotation));
  CHECK(largest_difference(forward(), before) < 1e-5);
  CHECK(rotate_inputs<float>(normal_matrix({2, 12}, 1).view(), *rotation).status() ==
        Status::block_not_divisor);
  CHECK(rotate_outputs<float>(normal_matrix({12, 2}, 1).view(), *rotation).status() ==
        Status::block_not_divisor);
}

TEST_CASE("an outlier is spread over all columns") {
  Matrix<float> row{{1, 64}};
  row(0, 11) = 8.0f;
  REQUIRE(rotate_inputs<float>(row.view(), *Rotation::hadamard(64)));
  for (float const x : row.values) CHECK(std::abs(x) == 1.0f);
}

TEST_CASE("the same bits for every executor") {
  auto const rotation = Rotation::random_hadamard(48, 2);
  auto const rotated = [&](auto&& executor) {
    auto matrix = normal_matrix<Code<BF16>>({96, 96}, 8);
    REQUIRE(rotate_inputs<Code<BF16>>(matrix.view(), *rotation, executor));
    REQUIRE(rotate_outputs<Code<BF16>>(matrix.view(), *rotation, executor));
    return matrix.values;
  };
  auto const expected = rotated(Serial{});
  CHECK(rotated(Reversed{}) == expected);
  for (int const threads : {1, 2, 5}) CHECK(rotated(Threads{threads}) == expected);
}

TEST_CASE("norms are absorbed by the layers after them; rows can be centred") {
  auto weight = normal_matrix({3, 4}, 1);
  auto const before = weight;
  std::vector<float> const norm{1.0f, 2.0f, -0.5f, 0.0f};
  REQUIRE(absorb_norm<float>(weight.view(), norm));
  for (index_t r = 0; r < 3; ++r)
    for (index_t c = 0; c < 4; ++c)
      CHECK(weight(r, c) == before(r, c) * norm[static_cast<std::size_t>(c)]);
  CHECK(absorb_norm<float>(weight.view(), std::vector<float>(3, 1.0f)).status() ==
        Status::shape_mismatch);
  auto rows = normal_matrix({3, 5}, 2);
  center_rows<float>(rows.view());
  for (index_t r = 0; r < 3; ++r) {
    double sum = 0.0;
    for (index_t c = 0; c < 5; ++c) sum += static_cast<double>(rows(r, c));
    CHECK(std::abs(sum) < 1e-6);
  }
}
