// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/tensor/row_vector.cuh>

namespace qfmt::cuda {

/// The rows of an RMSNorm, before which a residual may be added:
///
///     h      = x + residual, rounded to T and written back to the residual
///     factor = 1 / sqrt(sum of h^2 / K + epsilon)
///     y      = h * factor * weight, in binary32 and rounded once to T
///
/// The sum of a row is a function of its K numbers alone, whatever the other rows and the device:
/// each thread adds the squares of its vectors in order, then lanes and warps are added in pairs. A
/// residual without data is left out. Squares beyond 2^128 give a factor of zero, NaN gives NaN.
template <Real T>
struct AddRmsNorm {
  using Element = T;
  static constexpr bool normalizes = true;
  MatrixView<T const> x;   // (M, K)
  MatrixView<T> residual;  // (M, K) or nothing; no part of x
  T const* weight;         // (K)
  float epsilon;

  [[nodiscard]] QFMT_HOST_DEVICE constexpr Shape shape() const noexcept { return x.shape; }
  [[nodiscard]] QFMT_HOST_DEVICE constexpr Status check() const noexcept {
    if (Status const status = MatrixRows<T>::check_matrix(x); status != Status::ok)
      return status;
    if (weight == nullptr && x.shape.size() != 0)
      return Status::null_pointer;
    if (residual.data == nullptr)
      return Status::ok;
    return residual.shape != x.shape ? Status::shape_mismatch
                                     : MatrixRows<T>::check_matrix(residual);
  }

  [[nodiscard]] QFMT_HOST_DEVICE RowVector<T> read(index_t row, index_t col) const noexcept {
    index_t const present = x.shape.cols - col;
    RowVector<T> const h = load_vector(x.row(row) + col, present);
    if (residual.data == nullptr)
      return h;
    T* const at = residual.row(row) + col;
    RowVector<float> const a = widen<T>(h);
    RowVector<float> const b = widen<T>(load_vector<T>(at, present));
    RowVector<float> sum;
    for (int i = 0; i < vector_size; ++i) sum.set(i, ptx::add(a[i], b[i]));
    RowVector<T> const rounded = narrow<T>(sum);
    store_vector(rounded, at, present);
    return rounded;
  }
  [[nodiscard]] QFMT_HOST_DEVICE RowVector<T> read_again(index_t row, index_t col) const noexcept {
    T const* const from = residual.data == nullptr ? x.row(row) : residual.row(row);
    return load_vector(from + col, x.shape.cols - col);
  }

  /// `sum` and the squares of eight numbers.
  [[nodiscard]] QFMT_HOST_DEVICE static float add_squares(float sum,
                                                          RowVector<T> const& h) noexcept {
    RowVector<float> const x = widen<T>(h);
    for (int i = 0; i < vector_size; ++i) sum = ptx::multiply_add(x[i], x[i], sum);
    return sum;
  }
  [[nodiscard]] QFMT_HOST_DEVICE float factor(float sum) const noexcept {
    float const mean = ptx::divide(sum, static_cast<float>(x.shape.cols));
    return ptx::reciprocal(ptx::square_root(ptx::add(mean, epsilon)));
  }
  [[nodiscard]] QFMT_HOST_DEVICE RowVector<T> normalize(RowVector<T> const& h, index_t col,
                                                        float factor) const noexcept {
    RowVector<float> const a = widen<T>(h);
    RowVector<float> const w = widen<T>(load_vector(weight + col, x.shape.cols - col));
    RowVector<float> y;
    for (int i = 0; i < vector_size; ++i)
      y.set(i, ptx::multiply(ptx::multiply(a[i], factor), w[i]));
    return narrow<T>(y);
  }
};

}  // namespace qfmt::cuda
