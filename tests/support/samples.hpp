// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/core/random.hpp>
#include <qfmt/formats/real.hpp>

// Numbers to test with: functions of a seed and an index, so that every run sees the same ones
// (normal() up to the accuracy of the C library's logarithm and cosine).

namespace qfmt::test {

class Samples {
 public:
  explicit Samples(std::uint64_t seed) : random_{seed} {}

  /// 32 random bits.
  std::uint32_t bits() { return random_(index_++); }

  /// Uniform in [0, 1), a multiple of 2^-32.
  double uniform() { return std::ldexp(static_cast<double>(bits()), -32); }

  /// Uniform in [low, high].
  int integer(int low, int high) { return low + static_cast<int>(uniform() * (high - low + 1)); }

  /// Standard normal, by Box and Muller.
  float normal() {
    double const radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return static_cast<float>(radius * std::cos(2.0 * std::numbers::pi * uniform()));
  }

  /// Any finite binary32: uniform over bit patterns, so uniform over exponents.
  float any_finite() {
    for (;;) {
      std::uint32_t const pattern = bits();
      if ((pattern & 0x7F800000u) != 0x7F800000u)
        return std::bit_cast<float>(pattern);
    }
  }

 private:
  Philox random_;
  std::uint64_t index_ = 0;
};

/// A matrix that owns its elements.
template <class T>
struct Matrix {
  Shape shape;
  std::vector<T> values;

  explicit Matrix(Shape s, T fill = {})
      : shape{s}, values(static_cast<std::size_t>(s.size()), fill) {}

  T& operator()(index_t row, index_t col) {
    return values[static_cast<std::size_t>(row * shape.cols + col)];
  }
  T const& operator()(index_t row, index_t col) const {
    return values[static_cast<std::size_t>(row * shape.cols + col)];
  }

  [[nodiscard]] MatrixView<T const> view() const { return {values.data(), shape}; }
  [[nodiscard]] MatrixView<T> view() { return {values.data(), shape}; }
};

/// Elements from `draw()`, rounded to T.
template <Real T, class Draw>
Matrix<T> matrix_of(Shape shape, Draw&& draw) {
  Matrix<T> matrix{shape};
  for (T& x : matrix.values) x = from_float<T>(draw());
  return matrix;
}

template <Real T = float>
Matrix<T> normal_matrix(Shape shape, std::uint64_t seed) {
  Samples samples{seed};
  return matrix_of<T>(shape, [&] { return samples.normal(); });
}

}  // namespace qfmt::test
