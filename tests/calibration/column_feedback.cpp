// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/calibration/column_feedback.hpp>

#include "correlated.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

constexpr FeedbackForm forms[] = {FeedbackForm::direct, FeedbackForm::inverse};

FeedbackOptions ordered(ActivationOrder order) {
  FeedbackOptions options;
  options.order = order;
  return options;
}

/// What is subtracted from column j for an error of 1 in column i, both places.
double element(ColumnFeedback const& feedback, index_t i, index_t j) {
  index_t const from = i / feedback.block_size();
  index_t const to = j / feedback.block_size();
  index_t const column = j - feedback.block_begin(to);
  auto const panel = feedback.panel(from, to, column / product_rows);
  return static_cast<double>(
      panel.numbers[(i - feedback.block_begin(from)) * panel.width + column % product_rows]);
}

}  // namespace

TEST_CASE("both forms say the same: F of the inverse form is (1 + F of the direct one)^-1") {
  auto const hessian = hessian_of(correlated_inputs(400, 150));
  for (index_t const block_size : {16, 50, 128, 150, 1000}) {
    FeedbackOptions options;
    options.block_size = block_size;
    auto const direct = ColumnFeedback::from(hessian, options, FeedbackForm::direct);
    auto const inverse = ColumnFeedback::from(hessian, options, FeedbackForm::inverse);
    REQUIRE(direct);
    REQUIRE(inverse);
    CHECK(direct->order() == inverse->order());
    // V U = 1 with V_ij = -F_ij V_jj: sum over k of V_ik U_kj.
    for (index_t i = 0; i < 150; i += 7) {
      for (index_t j = i; j < 150; j += 5) {
        double sum = 0.0;
        for (index_t k = i; k <= j; ++k) {
          auto const pivot = static_cast<double>(direct->diagonal(k));
          double const v = k == i ? pivot : -element(*direct, i, k) * pivot;
          double const u =
              k == j ? static_cast<double>(inverse->diagonal(j)) : element(*inverse, k, j);
          sum += v * u;
        }
        CHECK(std::abs(sum - (i == j ? 1.0 : 0.0)) < 1e-4);
      }
    }
  }
}

TEST_CASE("V V^T is H in its order, whatever the number of columns") {
  for (index_t const n : {1, 63, 64, 65, 150, 330}) {
    auto const hessian = hessian_of(correlated_inputs(2 * n, n));
    for (ActivationOrder const order : {ActivationOrder::none, ActivationOrder::weight}) {
      CAPTURE(n);
      auto const feedback = ColumnFeedback::from(hessian, ordered(order), FeedbackForm::direct);
      REQUIRE(feedback);
      REQUIRE(feedback->has_feedback());
      double mean = 0.0;
      for (index_t i = 0; i < n; ++i)
        mean += static_cast<double>(hessian(i, i)) / static_cast<double>(n);
      auto const v = [&](index_t i, index_t k) {
        auto const pivot = static_cast<double>(feedback->diagonal(k));
        return k == i ? pivot : -element(*feedback, i, k) * pivot;
      };
      double worst = 0.0;
      for (index_t i = 0; i < n; i += i % 3 + 1) {
        for (index_t j = i; j < n; j += j % 5 + 1) {
          double sum = 0.0;
          for (index_t k = j; k < n; ++k) sum += v(i, k) * v(j, k);
          double const h = static_cast<double>(hessian(feedback->column(i), feedback->column(j)));
          worst = std::max(worst, std::abs(sum - h - (i == j ? 0.01 * mean : 0.0)));
        }
      }
      CHECK(worst < 1e-5 * mean);
    }
  }
}

TEST_CASE("the order is that of a falling diagonal, equal ones as they stand") {
  std::vector<float> h(25, 0.0f);
  float const diagonal[] = {2.0f, 5.0f, 0.0f, 5.0f, 3.0f};
  for (std::size_t i = 0; i < 5; ++i) h[i * 6] = diagonal[i];
  auto const hessian = Hessian::from(MatrixView<float const>{h.data(), {5, 5}}, 1);
  auto const weight = ColumnFeedback::from(hessian, {}, FeedbackForm::direct);
  REQUIRE(weight);
  CHECK(weight->order() == std::vector<index_t>{1, 3, 4, 0, 2});
  CHECK(weight->is_dead(4));
  CHECK(weight->report().dead_columns == 1);
  auto const none =
      ColumnFeedback::from(hessian, ordered(ActivationOrder::none), FeedbackForm::direct);
  REQUIRE(none);
  CHECK(none->order() == std::vector<index_t>{0, 1, 2, 3, 4});
  CHECK(none->is_dead(2));
  CHECK_FALSE(none->is_dead(4));
  // Damping is a part of the mean with the dead column as 1: (2 + 5 + 1 + 5 + 3) / 5 * 0.01.
  CHECK(none->diagonal(0) * none->diagonal(0) == doctest::Approx(2.032));
  CHECK(none->diagonal(2) * none->diagonal(2) == doctest::Approx(1.032));
}

TEST_CASE("damping grows until it works, or there is no feedback") {
  // Indefinite by half of the mean of its diagonal.
  std::vector<float> const h{1.0f, 1.5f, 1.5f, 1.0f};
  auto const hessian = Hessian::from(MatrixView<float const>{h.data(), {2, 2}}, 1);
  for (FeedbackForm const form : forms) {
    FeedbackOptions options;
    options.damping = 0.07f;
    auto const works = ColumnFeedback::from(hessian, options, form);
    REQUIRE(works);
    CHECK(works->report().damping == doctest::Approx(0.7));
    CHECK(works->report().attempts == 2);
    CHECK_FALSE(works->report().identity);
    options.damping = 0.04f;
    auto const fails = ColumnFeedback::from(hessian, options, form);
    REQUIRE(fails);
    CHECK(fails->report().attempts == 2);
    CHECK(fails->report().identity);
    CHECK_FALSE(fails->has_feedback());
    CHECK(fails->diagonal(1) == 1.0f);
    options.most_damping = 0.1f;
    CHECK(ColumnFeedback::from(hessian, options, form)->report().attempts == 1);
  }
}

TEST_CASE("what cannot be done is named") {
  auto const status = [](Hessian const& hessian, FeedbackOptions const& options = {}) {
    return ColumnFeedback::from(hessian, options, FeedbackForm::direct).status();
  };
  CHECK(status(Hessian{4}) == Status::calibration_empty);
  CHECK(status(Hessian{0}) == Status::shape_mismatch);
  auto const hessian = hessian_of(correlated_inputs(9, 4));
  CHECK(status(hessian) == Status::ok);
  FeedbackOptions options;
  options.block_size = 0;
  CHECK(status(hessian, options) == Status::invalid_argument);
  options = {};
  options.damping = -0.1f;
  CHECK(status(hessian, options) == Status::invalid_argument);
  auto huge = correlated_inputs(2, 3);
  huge.values[1] = 1e30f;
  CHECK(status(hessian_of(huge)) == Status::nonfinite_activation);
  std::vector<float> const u(6, 1.0f);
  CHECK(
      ColumnFeedback::from_inverse_factor(MatrixView<float const>{u.data(), {2, 3}}, 8).status() ==
      Status::shape_mismatch);
}
