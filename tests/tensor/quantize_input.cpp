// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/quantize_input.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("quantize_input: dynamic inputs need nothing else") {
  using S = preset::FP8_DYNAMIC::InputActivations;
  Matrix<float> const tokens = normal_matrix({5, 24}, 11);
  auto const q = quantize_input<preset::FP8_DYNAMIC>(tokens.view());
  REQUIRE(q.ok());
  CHECK(*q == *quantize<S>(tokens.view()));
}

TEST_CASE("quantize_input: static and local ones need what calibration has found") {
  Matrix<float> const tokens = normal_matrix({5, 24}, 12);
  auto fp8 = *Frozen<preset::FP8::InputActivations>::from_stored({1, 24}, {0.01f});
  CHECK(*quantize_input<preset::FP8>(tokens.view(), fp8) == *fp8.quantize(tokens.view()));
  auto const nvfp4 =
      *Frozen<preset::NVFP4::InputActivations>::from_stored({1, 24}, {}, {}, {672.0f});
  CHECK(*quantize_input<preset::NVFP4>(tokens.view(), nvfp4, Serial{}) ==
        *nvfp4.quantize(tokens.view()));
}

TEST_CASE("quantize_input: a NaN is one of an activation") {
  Matrix<float> tokens{{2, 3}};
  tokens(1, 0) = std::numeric_limits<float>::quiet_NaN();
  MatrixView<float const> const view = tokens.view();
  auto const refused = quantize_input<preset::W8A8>(view);
  CHECK(refused.status() == Status::nonfinite_activation);
  CHECK(refused.error().message.find("row 1, column 0") != std::string::npos);
  static_assert(!QuantizesInput<preset::W4A16> && QuantizesInput<preset::W4A8>);
}
