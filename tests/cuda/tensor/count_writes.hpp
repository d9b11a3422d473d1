// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/tensor/row_vector.cuh>

namespace qfmt::test {

/// A target of kernels that counts the vectors that it is given right: zeros in a row and 40 columns
/// of padding, and in the matrix vectors that begin with 1, or, if they are numbered, with one more
/// than the number of elements before them.
template <bool Numbered>
struct CountWrites {
  static constexpr bool scales_rows = false;
  int* writes;  // for each vector of the padded matrix
  static Shape padded(Shape matrix) { return {matrix.rows + 1, matrix.cols + 40}; }
  template <class Threads, class T>
  void write(Shape matrix, index_t row, index_t col, cuda::RowVector<T> const& x) const {
    if (Threads::exchange(1, 16) != 1)  // all lanes are here
      return;
    index_t const padded_cols = matrix.cols + 40;
    bool const inside = row < matrix.rows && col < matrix.cols;
    float const first = Numbered ? static_cast<float>(row * matrix.cols + col + 1) : 1.0f;
    if (col < padded_cols && x[0] == (inside ? first : 0.0f))
      ++writes[(row * padded_cols + col) / cuda::vector_size];
  }
};

}  // namespace qfmt::test
