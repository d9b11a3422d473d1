// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <support/samples.hpp>
#include <vector>

#include <qfmt/calibration/hessian.hpp>

namespace qfmt::test {

/// Inputs of a layer whose columns move together: a few hidden numbers, mixed, plus noise.
inline Matrix<float> correlated_inputs(index_t tokens, index_t columns, std::uint64_t seed = 1) {
  constexpr index_t hidden = 4;
  Samples samples{seed};
  Matrix<float> mix{{hidden, columns}};
  for (float& x : mix.values) x = samples.normal();
  Matrix<float> out{{tokens, columns}};
  for (index_t t = 0; t < tokens; ++t) {
    float of_token[hidden];
    for (float& x : of_token) x = samples.normal();
    for (index_t c = 0; c < columns; ++c) {
      float x = 0.3f * samples.normal();
      for (index_t k = 0; k < hidden; ++k)
        x += of_token[k] * mix.values[static_cast<std::size_t>(k * columns + c)];
      out.values[static_cast<std::size_t>(t * columns + c)] = x;
    }
  }
  return out;
}

/// The Hessian of one batch.
inline Hessian hessian_of(Matrix<float> const& inputs) {
  Hessian hessian{inputs.shape.cols};
  (void)hessian.observe<float>(inputs.view());
  return hessian;
}

template <Real T = float>
Matrix<T> random_weight(Shape shape, std::uint64_t seed = 2) {
  Samples samples{seed};
  Matrix<T> out{shape};
  for (T& x : out.values) x = from_float<T>(0.02f * samples.normal());
  return out;
}

}  // namespace qfmt::test
