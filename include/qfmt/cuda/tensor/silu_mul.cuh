// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/tensor/row_vector.cuh>

namespace qfmt::cuda {

/// e^x for x in [-87, 88], within one unit in the last place, the same bits on host and device. Beyond
/// these as at them; NaN as at 88.
///
///     n = x / ln 2, to the nearest integer        r = x - n ln 2
///     e^x = 2^n (1 + r + r^2 / 2! + ... + r^7 / 7!)      |r| <= 0.3466: the next term is below 2^-27
[[nodiscard]] QFMT_HOST_DEVICE inline float exponential(float x) noexcept {
  constexpr float rounding = 12582912.0f;  // 1.5 * 2^23: the last bit of a sum is worth 1
  x = ptx::larger(ptx::smaller(x, 88.0f), -87.0f);
  float const shifted = ptx::multiply_add(x, 0x1.715476p0f, rounding);
  float const n = ptx::add(shifted, -rounding);
  float r = ptx::multiply_add(n, -0x1.62e4p-1f, x);  // ln 2 in two parts, the first of 15 bits
  r = ptx::multiply_add(n, -0x1.7f7d1cp-20f, r);
  float sum = 1.0f / 5040.0f;
  sum = ptx::multiply_add(sum, r, 1.0f / 720.0f);
  sum = ptx::multiply_add(sum, r, 1.0f / 120.0f);
  sum = ptx::multiply_add(sum, r, 1.0f / 24.0f);
  sum = ptx::multiply_add(sum, r, 1.0f / 6.0f);
  sum = ptx::multiply_add(sum, r, 0.5f);
  sum = ptx::multiply_add(sum, r, 1.0f);
  sum = ptx::multiply_add(sum, r, 1.0f);
  return bit_cast<float>(bit_cast<uint32_t>(sum) + (bit_cast<uint32_t>(shifted) << 23));
}

/// x / (1 + e^-x), within 3 units in the last place for x >= -87; below, within 2^-119 of it. An
/// infinity gives itself, NaN a NaN.
[[nodiscard]] QFMT_HOST_DEVICE inline float silu(float x) noexcept {
  return ptx::divide(x, ptx::add(1.0f, exponential(-x)));
}

/// The rows silu(gate) * up, in binary32 and rounded once to T: the input of a Llama's third linear
/// layer. Both have the same shape; in a fused projection they are the halves of one matrix, with its
/// stride.
template <Real T>
struct SiluMul {
  using Element = T;
  static constexpr bool normalizes = false;
  MatrixView<T const> gate;
  MatrixView<T const> up;

  [[nodiscard]] QFMT_HOST_DEVICE constexpr Shape shape() const noexcept { return gate.shape; }
  [[nodiscard]] QFMT_HOST_DEVICE constexpr Status check() const noexcept {
    if (gate.shape != up.shape)
      return Status::shape_mismatch;
    Status const status = MatrixRows<T>::check_matrix(gate);
    return status != Status::ok ? status : MatrixRows<T>::check_matrix(up);
  }
  [[nodiscard]] QFMT_HOST_DEVICE RowVector<T> read(index_t row, index_t col) const noexcept {
    index_t const present = gate.shape.cols - col;
    RowVector<float> const a = widen<T>(load_vector(gate.row(row) + col, present));
    RowVector<float> const b = widen<T>(load_vector(up.row(row) + col, present));
    RowVector<float> y;
    for (int i = 0; i < vector_size; ++i) y.set(i, ptx::multiply(silu(a[i]), b[i]));
    return narrow<T>(y);
  }
  [[nodiscard]] QFMT_HOST_DEVICE RowVector<T> read_again(index_t row, index_t col) const noexcept {
    return read(row, col);
  }
};

}  // namespace qfmt::cuda
