// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>

#include <qfmt/calibration/smoothquant.hpp>

#include "correlated.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

ColumnRanges ranges_of(Matrix<float> const& inputs) {
  ColumnRanges ranges{inputs.shape.cols};
  REQUIRE(ranges.observe<float>(inputs.view()));
  return ranges;
}

Matrix<float> inputs_of(Shape shape, std::vector<float> values) {
  Matrix<float> inputs{shape};
  inputs.values = std::move(values);
  return inputs;
}

}  // namespace

TEST_CASE("ranges of columns: batches, padding, merging") {
  auto const inputs = inputs_of({3, 2}, {1.0f, -5.0f, -2.0f, 7.0f, 100.0f, 100.0f});
  ColumnRanges ranges{2};
  std::vector<std::uint8_t> const kept{1, 1, 0};
  REQUIRE(ranges.observe<float>(inputs.view(), kept));
  CHECK(ranges.tokens() == 2);
  CHECK(ranges.range(0).min == -2.0f);
  CHECK(ranges.range(0).max == 1.0f);
  CHECK(ranges.range(1).max == 7.0f);
  ColumnRanges other{2};
  REQUIRE(other.observe<float>(inputs.view()));
  other.merge(ranges);
  CHECK(other.tokens() == 5);
  CHECK(other.range(1).min == -5.0f);
  CHECK(other.range(1).max == 100.0f);
  CHECK(ranges.observe<float>(normal_matrix({2, 3}, 1).view()).status() == Status::shape_mismatch);
  CHECK(ranges.observe<float>(normal_matrix({2, 2}, 1).view(), kept).status() ==
        Status::shape_mismatch);
}

TEST_CASE("scales by hand: range 16 and weights up to 2 give sqrt(16) / sqrt(4)") {
  auto const ranges = ranges_of(inputs_of({2, 3}, {-6.0f, 0.0f, 3.0f, 10.0f, 0.0f, 3.5f}));
  Matrix<float> const first = inputs_of({1, 3}, {-2.0f, 1.0f, 0.0f});
  Matrix<float> const second = inputs_of({1, 3}, {0.5f, -4.0f, 0.0f});
  std::vector<float> amax(3, 0.0f);
  raise_column_amax<float>(first.view(), amax);
  raise_column_amax<float>(second.view(), amax);
  CHECK(amax == std::vector<float>{2.0f, 4.0f, 0.0f});
  auto const scales = smoothing_scales<profile::Qfmt, float>(ranges, amax);
  REQUIRE(scales);
  CHECK((*scales)[0] == 2.0);
  CHECK((*scales)[1] == static_cast<double>(1e-5f));  // a column that never moves
  CHECK((*scales)[2] == 0.5);                         // no weight: the range itself
  SmoothQuantOptions options;
  options.strength = 1.0;
  CHECK((*smoothing_scales<profile::Qfmt, float>(ranges, amax, options))[0] == 16.0);
  options.strength = 0.0;
  CHECK((*smoothing_scales<profile::Qfmt, float>(ranges, amax, options))[0] == 0.25);
  options.algorithm = Smoothing::log_equalization;
  CHECK((*smoothing_scales<profile::Qfmt, float>(ranges, amax, options))[0] ==
        doctest::Approx(16.0 / std::log2(18.0)));
}

TEST_CASE("smoothing makes the columns of inputs alike, and leaves outputs as they are") {
  auto inputs = normal_matrix({64, 24}, 3);
  for (index_t t = 0; t < 64; ++t) inputs(t, 5) *= 100.0f;  // an outlier
  auto weight = normal_matrix({8, 24}, 4);
  auto const output = [&] {
    double sum = 0.0;
    for (index_t c = 0; c < 24; ++c)
      sum += static_cast<double>(inputs(7, c)) * static_cast<double>(weight(3, c));
    return sum;
  };
  auto const spread = [&] {
    auto const ranges = ranges_of(inputs);
    float most = 0.0f;
    float least = std::numeric_limits<float>::infinity();
    for (index_t c = 0; c < 24; ++c) {
      float const a = ranges.range(c).max - ranges.range(c).min;
      most = std::max(most, a);
      least = std::min(least, a);
    }
    return most / least;
  };
  double const before = output();
  float const spread_before = spread();
  std::vector<float> amax(24, 0.0f);
  raise_column_amax<float>(weight.view(), amax);
  auto const scales = smoothing_scales<profile::Qfmt, float>(ranges_of(inputs), amax);
  REQUIRE(scales);
  REQUIRE(multiply_columns<float>(weight.view(), *scales));
  for (index_t t = 0; t < 64; ++t)
    REQUIRE(divide_vector(
        std::span<float>{inputs.values}.subspan(static_cast<std::size_t>(t * 24), 24), *scales));
  CHECK(output() == doctest::Approx(before).epsilon(1e-5));
  CHECK(spread() < 0.2f * spread_before);
}

TEST_CASE("under CompressedTensors every step is rounded to the tensor's type") {
  auto const ranges = ranges_of(inputs_of({2, 1}, {-1.5f, 1.3f}));
  std::vector<float> const amax{0.37f};
  using B = Code<BF16>;
  auto const narrow = smoothing_scales<profile::CompressedTensors, B>(ranges, amax);
  auto const wide = smoothing_scales<profile::Qfmt, B>(ranges, amax);
  REQUIRE(narrow);
  REQUIRE(wide);
  CHECK(static_cast<double>(round_to<B>(static_cast<float>((*narrow)[0]))) == (*narrow)[0]);
  CHECK((*narrow)[0] != (*wide)[0]);
  CHECK((*narrow)[0] == doctest::Approx((*wide)[0]).epsilon(0.02));
}

TEST_CASE("what cannot be done is named") {
  std::vector<float> const amax(2, 1.0f);
  using P = profile::Qfmt;
  CHECK(smoothing_scales<P, float>(ColumnRanges{2}, amax).status() == Status::calibration_empty);
  auto const ranges = ranges_of(normal_matrix({4, 2}, 1));
  CHECK(smoothing_scales<P, float>(ranges, std::vector<float>(3, 1.0f)).status() ==
        Status::shape_mismatch);
  SmoothQuantOptions options;
  options.strength = 1.5;
  CHECK(smoothing_scales<P, float>(ranges, amax, options).status() == Status::invalid_argument);
  float const nan = std::numeric_limits<float>::quiet_NaN();
  auto const bad = ranges_of(inputs_of({2, 2}, {1.0f, nan, 2.0f, 3.0f}));
  auto const found = smoothing_scales<P, float>(bad, amax);
  CHECK(found.status() == Status::nonfinite_activation);
  CHECK(found.error().message.find("column 1") == 0);
  CHECK(smoothing_scales<P, float>(ranges, std::vector<float>{nan, 1.0f}).status() ==
        Status::nonfinite_weight);
}
