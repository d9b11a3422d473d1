// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/cuda/ptx/arithmetic.cuh>
#include <qfmt/cuda/ptx/threads.cuh>
#include <qfmt/formats/real.hpp>
#include <qfmt/gemm/epilogue.hpp>
#include <qfmt/tensor/view.hpp>

namespace qfmt::cuda {

namespace detail {

template <class T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr float element(MatrixView<T> x, index_t row,
                                                       index_t col) noexcept {
  return to_float(x(row, col));
}
template <class O>
[[nodiscard]] QFMT_HOST_DEVICE constexpr float element(O const& x, index_t row,
                                                       index_t col) noexcept {
  return x(row, col);
}

}  // namespace detail

/// The product as it is written, for every format, layout and size: a thread for each output, one
/// multiply_add after the other in increasing k. To be read, to be compared with, and for what no
/// other backend takes.
template <class X, class W, Real Y, Epilogue E>
struct Simt {
  static constexpr int max_threads = 128;
  struct Shared {};

  X x;              // (M, K)
  W w;              // (N, K)
  MatrixView<Y> y;  // (M, N)
  [[no_unique_address]] E epilogue;

  [[nodiscard]] Grid grid() const noexcept {
    index_t const rows = y.shape.rows < 65535 ? y.shape.rows : 65535;
    return {static_cast<unsigned>(ceil_div(y.shape.cols, max_threads)),
            static_cast<unsigned>(rows)};
  }

  template <class Threads>
  QFMT_HOST_DEVICE void operator()(Shared&) const {
    index_t const n = index_t{Threads::block_x()} * max_threads + Threads::thread();
    if (n >= y.shape.cols)
      return;
    for (index_t m = Threads::block_y(); m < y.shape.rows; m += Threads::blocks_y()) {
      float sum = 0.0f;
      for (index_t k = 0; k < x.shape.cols; ++k)
        sum = ptx::multiply_add(detail::element(x, m, k), detail::element(w, n, k), sum);
      y(m, n) = from_float<Y>(epilogue(sum, m, n));
    }
  }
};

}  // namespace qfmt::cuda
