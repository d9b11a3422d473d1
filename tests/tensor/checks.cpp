// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/checks.hpp>
#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/quant_tensor.hpp>

// The words and the order of the checks. What they refuse, under which schemes, is the subject of
// value_catalogue.cpp and value_catalogue_parameters.cpp.

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("checks: the first of several values is named, and only those of the view count") {
  float const quiet = std::numeric_limits<float>::quiet_NaN();
  Matrix<float> matrix{{4, 8}, 1.0f};
  for (auto const& [row, col] : {std::pair{0, 6}, std::pair{2, 3}, std::pair{3, 0}})
    matrix(row, col) = quiet;
  MatrixView<float const> const left{matrix.values.data(), {4, 5}, 8};
  Error const error = detail::nonfinite<float>(left, Status::nonfinite_weight);
  CHECK(error.to_string() ==
        "nonfinite_weight: row 2, column 3: got NaN, expected a finite value; not finite: 2 of 20");
}

TEST_CASE("checks: values are weights where parameters are static, else activations") {
  CHECK(detail::nonfinite_status<preset::W4A16::Weights>() == Status::nonfinite_weight);
  CHECK(detail::nonfinite_status<preset::W8A8::InputActivations>() == Status::nonfinite_activation);
  CHECK(detail::nonfinite_status<preset::NVFP4::InputActivations>() ==
        Status::nonfinite_activation);
}

TEST_CASE("checks: a tile of zeros under a zero point is one of codes that equal it") {
  using S = preset::W4A16_ASYM::Weights;
  QuantTensor<S> w{{2, 200}};
  w.scales = {0.0f, 0.0f, 0.0f, 0.0f};
  CHECK(check_parameters(w.view()).ok());
  w.zero_points[3] = 2;  // of row 1, columns 128 to 199
  CHECK(check_parameters(w.view()).status() == Status::scale_zero);
  w.zero_points[3] = 0;
  w.codes.back() = 0x10;  // a column of the padding belongs to no tile
  CHECK(check_parameters(w.view()).ok());
  w.codes[static_cast<std::size_t>(w.row_bytes + 199 / 2)] = 0x10;  // column 199
  CHECK(check_parameters(w.view()).status() == Status::scale_zero);
}

TEST_CASE("checks: schemes without a tensor part have none that is wrong") {
  CHECK(detail::check_global<preset::W8A8::Weights>({}).ok());
  CHECK_FALSE(detail::check_global<preset::NVFP4::Weights>({0.0f}).ok());
}
