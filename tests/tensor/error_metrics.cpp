// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/error_metrics.hpp>
#include <qfmt/tensor/quantize.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("sums, largest error, and what is made of them") {
  ErrorMetrics metrics;
  metrics.add(3.0, 3.5);
  metrics.add(-4.0, -4.25);
  CHECK(metrics.signal == 25.0);
  CHECK(metrics.noise == 0.3125);
  CHECK(metrics.max_error == 0.5);
  CHECK(metrics.count == 2);
  CHECK(metrics.mse() == 0.15625);
  CHECK(metrics.sqnr_db() == doctest::Approx(10 * std::log10(80.0)).epsilon(1e-12));
}

TEST_CASE("no noise, and nothing at all") {
  ErrorMetrics exact;
  exact.add(1.0, 1.0);
  exact.add(0.0, -0.0);
  CHECK(exact.sqnr_db() == std::numeric_limits<double>::infinity());
  CHECK(exact.mse() == 0.0);
  CHECK(ErrorMetrics{}.mse() == 0.0);
  ErrorMetrics lost;
  lost.add(0.0, 1.0);
  CHECK(lost.sqnr_db() == -std::numeric_limits<double>::infinity());
  CHECK(lost.lost == 0);
  lost.add(-1e-3, 0.0);
  lost.add(1e-3, -0.0);
  CHECK(lost.lost == 2);
}

TEST_CASE("a NaN does not disappear") {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  ErrorMetrics metrics;
  metrics.add(1.0, nan);
  metrics.add(1.0, 5.0);
  CHECK(std::isnan(metrics.max_error));
  CHECK(std::isnan(metrics.noise));
  CHECK(std::isnan(metrics.sqnr_db()));
  ErrorMetrics sum;
  sum.add(1.0, 1.5);
  sum.merge(metrics);
  CHECK(std::isnan(sum.max_error));
  metrics.merge(sum);
  CHECK(std::isnan(metrics.max_error));
}

TEST_CASE("merging is counting both") {
  ErrorMetrics a;
  ErrorMetrics b;
  ErrorMetrics both;
  for (int i = 1; i < 9; ++i) {
    double const q = i % 4 == 0 ? 0.0 : i + 0.25 * (i % 3);
    (i < 4 ? a : b).add(i, q);
    both.add(i, q);
  }
  a.merge(b);
  CHECK(a.signal == both.signal);
  CHECK(a.noise == both.noise);
  CHECK(a.max_error == both.max_error);
  CHECK(a.count == both.count);
  CHECK(a.lost == both.lost);
}

TEST_CASE("error_metrics compares a quantized matrix with its original") {
  using S = QuantScheme<INT4, PerChannel>;
  auto const matrix = normal_matrix({3, 20}, 98);
  auto const q = quantize<S, float>(matrix.view());
  REQUIRE(q.ok());
  auto const metrics = error_metrics<S, float>(matrix.view(), q->view());
  double noise = 0.0;
  for (index_t r = 0; r < 3; ++r) {
    for (index_t c = 0; c < 20; ++c)
      noise +=
          std::pow(static_cast<double>(q->view()(r, c)) - static_cast<double>(matrix(r, c)), 2);
  }
  CHECK(metrics.count == 60);
  CHECK(metrics.noise == doctest::Approx(noise).epsilon(1e-12));
  CHECK(metrics.sqnr_db() > 10.0);
  // A view with a stride counts its own elements only.
  MatrixView<float const> const part{matrix.values.data(), {3, 20}, 20};
  CHECK(error_metrics<S, float>(part, q->view()).noise == metrics.noise);
}
