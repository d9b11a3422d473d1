// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <support/samples.hpp>

#include <qfmt/calibration/column_scaling.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("a layer and what feeds it are scaled against each other: outputs stay") {
  auto producer = normal_matrix({5, 3}, 1);
  auto layer = normal_matrix({4, 5}, 2);
  auto const product = [&] {
    std::vector<double> out;
    for (index_t r = 0; r < 4; ++r) {
      for (index_t c = 0; c < 3; ++c) {
        double sum = 0.0;
        for (index_t k = 0; k < 5; ++k)
          sum += static_cast<double>(layer(r, k)) * static_cast<double>(producer(k, c));
        out.push_back(sum);
      }
    }
    return out;
  };
  auto const before = product();
  std::vector<double> const scales{0.25, 1.7, 3.0, 1.0, 0.9};
  REQUIRE(multiply_columns<float>(layer.view(), scales));
  auto const half = product();
  CHECK(half[0] != doctest::Approx(before[0]));
  REQUIRE(divide_rows<float>(producer.view(), scales));
  auto const after = product();
  for (std::size_t i = 0; i < before.size(); ++i)
    CHECK(after[i] == doctest::Approx(before[i]).epsilon(1e-5));
}

TEST_CASE("the last rows are divided, and the last numbers of a bias") {
  Matrix<float> weight{{5, 2}, 8.0f};
  std::vector<double> const scales{2.0, 4.0};
  REQUIRE(divide_rows<float>(weight.view(), scales));
  CHECK(weight.values == std::vector<float>{8, 8, 8, 8, 8, 8, 4, 4, 2, 2});
  std::vector<Code<BF16>> bias(3, from_float<Code<BF16>>(8.0f));
  REQUIRE(divide_vector(std::span<Code<BF16>>{bias}, scales));
  CHECK(to_float(bias[0]) == 8.0f);
  CHECK(to_float(bias[1]) == 4.0f);
  CHECK(to_float(bias[2]) == 2.0f);
}

TEST_CASE("bad scales change nothing") {
  Matrix<float> weight{{2, 2}, 1.0f};
  auto const before = weight.values;
  auto const status = [&](std::vector<double> const& scales) {
    auto const columns = multiply_columns<float>(weight.view(), scales).status();
    if (scales.size() == 2)
      CHECK(divide_rows<float>(weight.view(), scales).status() == columns);
    return columns;
  };
  CHECK(status({1.0}) == Status::shape_mismatch);
  CHECK(status({1.0, 0.0}) == Status::scale_zero);
  CHECK(status({-1.0, 1.0}) == Status::scale_zero);
  CHECK(status({1.0, std::numeric_limits<double>::infinity()}) == Status::nonfinite_scale);
  CHECK(divide_rows<float>(weight.view(), std::vector<double>(3, 1.0)).status() ==
        Status::shape_mismatch);
  CHECK(weight.values == before);
  CHECK(multiply_columns<float>(weight.view(), std::vector<double>{1.0, 0.0}).error().message ==
        "column 1: got a scale of 0.000000");
}
