// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>

#include <qfmt/calibration/importance.hpp>

#include "correlated.hpp"

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("the mean square of each input, without padding; the same from a Hessian") {
  auto inputs = correlated_inputs(40, 6);
  std::vector<std::uint8_t> kept(40, 1);
  kept[39] = 0;
  inputs.values[39 * 6 + 2] = std::numeric_limits<float>::quiet_NaN();
  ColumnImportance importance{6};
  REQUIRE(observe_importance<float>(importance, inputs.view(), kept));
  CHECK(importance.tokens() == 39);
  Hessian hessian{6};
  REQUIRE(hessian.observe<float>(inputs.view(), kept));
  auto const direct = Importance::from(importance.means());
  auto const diagonal = importance_of(hessian);
  REQUIRE(direct);
  REQUIRE(diagonal);
  for (std::size_t c = 0; c < 6; ++c) {
    double sum = 0.0;
    for (std::size_t t = 0; t < 39; ++t)
      sum += static_cast<double>(inputs.values[t * 6 + c]) *
             static_cast<double>(inputs.values[t * 6 + c]);
    CHECK(static_cast<double>(importance.means()[c]) == doctest::Approx(sum / 39.0));
    CHECK(direct->weights()[c] == doctest::Approx(diagonal->weights()[c]).epsilon(1e-5));
  }
}

TEST_CASE("what cannot be done is named, and counts nothing") {
  auto inputs = correlated_inputs(4, 6);
  ColumnImportance importance{6};
  CHECK(observe_importance<float>(importance, correlated_inputs(4, 5).view()).status() ==
        Status::shape_mismatch);
  inputs.values[6 + 3] = std::numeric_limits<float>::infinity();
  auto const found = observe_importance<float>(importance, inputs.view());
  CHECK(found.status() == Status::nonfinite_activation);
  CHECK(found.error().message.find("row 1, column 3") == 0);
  CHECK(importance.tokens() == 0);
  CHECK(importance_of(Hessian{6}).status() == Status::calibration_empty);
}
