// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/tensor/row_kernel.cuh>

namespace qfmt::cuda {

/// For targets and sources that do not need to see a whole row: threads lie along the columns, and go
/// down the rows two at a time, so that each has two loads under way.
template <class Source, class Target>
struct VectorKernel {
  using T = typename Source::Element;
  static constexpr int max_threads = 256;
  struct Shared {};

  Source source;
  Target target;

  /// About 8 rounds of the largest devices, and no more rows than there are.
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr Grid grid(Shape padded) noexcept {
    index_t const across = ceil_div(padded.cols, index_t{max_threads} * vector_size);
    index_t const wanted = ceil_div(8192, across);
    index_t const down = ceil_div(padded.rows, 2) < wanted ? ceil_div(padded.rows, 2) : wanted;
    return {static_cast<unsigned>(across), static_cast<unsigned>(down)};
  }

  QFMT_ANY_CALLEE template <class Threads>
  QFMT_HOST_DEVICE void operator()(Shared&) const noexcept {
    Shape const matrix = source.shape();
    Shape const padded = Target::padded(matrix);
    index_t const vector = index_t{Threads::block_x()} * Threads::threads() + Threads::thread();
    if ((vector - vector % warp_size) * vector_size >= padded.cols)
      return;  // the whole warp
    index_t const col = vector * vector_size;
    auto const read = [&](index_t row) {
      return row < matrix.rows && col < matrix.cols ? source.read(row, col) : RowVector<T>{};
    };
    index_t const step = Threads::blocks_y();
    for (index_t row = Threads::block_y(); row < padded.rows; row += 2 * step) {
      RowVector<T> const upper = read(row);
      RowVector<T> const lower = read(row + step);
      target.template write<Threads, T>(matrix, row, col, upper);
      if (row + step < padded.rows)
        target.template write<Threads, T>(matrix, row + step, col, lower);
    }
  }
};

#if defined(__CUDACC__) && !defined(__CUDACC_RTC__)

/// Checks the arguments and starts a VectorKernel, or a RowKernel where the source needs whole rows.
template <class Source, class Target>
Status quantize_by_vectors(Source const& source, Target const& target, cudaStream_t stream) {
  if constexpr (Source::normalizes) {
    return quantize_by_rows(source, target, stream);
  } else {
    Shape const matrix = source.shape();
    if (Status const status = source.check(); status != Status::ok)
      return status;
    if (Status const status = target.check(matrix); status != Status::ok)
      return status;
    if (matrix.size() == 0)
      return Status::ok;
    using Kernel = VectorKernel<Source, Target>;
    return launch(Kernel{source, target}, Kernel::grid(Target::padded(matrix)), Kernel::max_threads,
                  stream);
  }
}

#endif

}  // namespace qfmt::cuda
