// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/formats/real.hpp>
#include <qfmt/tensor/view.hpp>

namespace qfmt {

/// How far a quantized matrix is from the one it stands for. Sums in binary64, in row-major order.
struct ErrorMetrics {
  double signal = 0.0;     ///< sum of x^2
  double noise = 0.0;      ///< sum of (q - x)^2
  double max_error = 0.0;  ///< largest |q - x|
  index_t count = 0;
  index_t lost = 0;  ///< values that are not zero and became zero

  /// Signal to quantization noise ratio in decibel, 10 log10(signal / noise): infinite without
  /// noise, also for a matrix of zeros that stays zero.
  [[nodiscard]] double sqnr_db() const noexcept {
    if (noise == 0.0)
      return std::numeric_limits<double>::infinity();
    return 10.0 * std::log10(signal / noise);
  }

  /// Mean squared error.
  [[nodiscard]] double mse() const noexcept {
    return count == 0 ? 0.0 : noise / static_cast<double>(count);
  }

  void add(double x, double q) noexcept {
    double const error = q - x;
    signal += x * x;
    noise += error * error;
    raise_max(std::abs(error));
    ++count;
    lost += x != 0.0 && q == 0.0 ? 1 : 0;
  }

  void merge(ErrorMetrics const& other) noexcept {
    signal += other.signal;
    noise += other.noise;
    raise_max(other.max_error);
    count += other.count;
    lost += other.lost;
  }

 private:
  void raise_max(double error) noexcept {
    if (!std::isnan(max_error) && !(error <= max_error))
      max_error = error;  // a NaN comes in and stays
  }
};

/// Compares a quantized matrix with the original. Precondition: equal shapes.
template <Scheme S, Real T>
[[nodiscard]] ErrorMetrics error_metrics(MatrixView<T const> original,
                                         QuantTensorView<S> quantized) noexcept {
  ErrorMetrics metrics;
  for (index_t r = 0; r < original.shape.rows; ++r) {
    for (index_t c = 0; c < original.shape.cols; ++c) {
      metrics.add(static_cast<double>(to_float(original(r, c))),
                  static_cast<double>(quantized(r, c)));
    }
  }
  return metrics;
}

}  // namespace qfmt
