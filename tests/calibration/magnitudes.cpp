// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/samples.hpp>

#include <qfmt/calibration/magnitudes.hpp>
#include <qfmt/tensor/presets.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("means of inputs and of relative weights") {
  Matrix<float> inputs{{3, 2}};
  inputs.values = {1.0f, -2.0f, -3.0f, 4.0f, 100.0f, 100.0f};
  InputMagnitude input{2};
  std::vector<std::uint8_t> const kept{1, 1, 0};
  REQUIRE(input.observe<float>(inputs.view(), kept));
  CHECK(input.tokens() == 2);
  CHECK(input.means() == std::vector<float>{2.0f, 3.0f});
  CHECK(input.observe<float>(normal_matrix({2, 3}, 1).view()).status() == Status::shape_mismatch);

  Matrix<float> weight{{2, 2}};
  weight.values = {1.0f, -2.0f, 4.0f, 1.0f};
  WeightMagnitude magnitude{2};
  REQUIRE(magnitude.add<QuantScheme<INT8, PerChannel>, float>(weight.view()));
  CHECK(magnitude.means()[0] == doctest::Approx((0.5 + 1.0) / 2));
  CHECK(magnitude.means()[1] == doctest::Approx((1.0 + 0.25) / 2));
  REQUIRE(magnitude.add<QuantScheme<INT8, PerTensor>, float>(weight.view()));
  CHECK(magnitude.means()[0] == doctest::Approx((0.5 + 1.0 + 0.25 + 1.0) / 4));
  WeightMagnitude blocks{2};
  REQUIRE(blocks.add<QuantScheme<INT8, PerBlock<2, 1>>, float>(weight.view()));
  CHECK(blocks.means()[1] == doctest::Approx((1.0 + 0.5) / 2));
  CHECK(blocks.add<QuantScheme<INT8, PerTensor>, float>(normal_matrix({2, 3}, 1).view()).status() ==
        Status::shape_mismatch);
}
