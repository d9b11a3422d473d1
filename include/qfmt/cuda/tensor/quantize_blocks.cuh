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
  [[nodiscard]] static constexpr Grid grid(Shape padded) noexcept {
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

#if defined(__CUDACC__)

namespace detail {

template <BlockFormat B, ScaleLayout L, Profile P, class Source>
Status quantize_to_blocks(Source const& source, QuantizedRows<B, L> out,
                          Parameter<typename B::Policy::Global> global, cudaStream_t stream) {
  using Target = BlockTarget<B, L, P>;
  Target const target{out, global};
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
    Shape const padded = Target::padded(matrix);
    using Kernel = VectorKernel<Source, Target>;
    return launch(Kernel{source, target}, Kernel::grid(padded), Kernel::max_threads, stream);
  }
}

}  // namespace detail

/// Quantizes rows to a block format: scales and codes are those that quantize<BlockScheme<B, ...,
/// P>>() gives on the host for a matrix of the source's type. The padding of the layout is written
/// too, as zeros. `global` is the tensor's part (NVFP4: from calibration); a pointer to it is one on
/// the device, as fit_global (amax.cuh) writes it.
///
/// The source is a matrix, or what is fused with it: SiluMul, AddRmsNorm. M and K are any. Nothing is
/// allocated and nothing waited for; the call can be captured in a graph. NaN and infinity go through
/// the format's rules. Errors: negative_size, shape_mismatch, stride_invalid (also a row_bytes below
/// what whole blocks take, or no multiple of 4), null_pointer, buffer_misaligned, size_unsupported,
/// device_error (the launch).
template <BlockFormat B, ScaleLayout L = RowMajor, Profile P = profile::Qfmt, class Source>
Status quantize_blocks(Source const& source, QuantizedRows<B, L> out,
                       typename B::Policy::Global global, cudaStream_t stream) {
  return detail::quantize_to_blocks<B, L, P>(source, out, {global, nullptr}, stream);
}
template <BlockFormat B, ScaleLayout L = RowMajor, Profile P = profile::Qfmt, class Source>
Status quantize_blocks(Source const& source, QuantizedRows<B, L> out,
                       typename B::Policy::Global const* global, cudaStream_t stream) {
  return detail::quantize_to_blocks<B, L, P>(source, out, {{}, global}, stream);
}
template <BlockFormat B, ScaleLayout L = RowMajor, Profile P = profile::Qfmt, Real T>
Status quantize_blocks(MatrixView<T const> x, QuantizedRows<B, L> out,
                       typename B::Policy::Global global, cudaStream_t stream) {
  return detail::quantize_to_blocks<B, L, P>(MatrixRows<T>{x}, out, {global, nullptr}, stream);
}
template <BlockFormat B, ScaleLayout L = RowMajor, Profile P = profile::Qfmt, Real T>
Status quantize_blocks(MatrixView<T const> x, QuantizedRows<B, L> out,
                       typename B::Policy::Global const* global, cudaStream_t stream) {
  return detail::quantize_to_blocks<B, L, P>(MatrixRows<T>{x}, out, {{}, global}, stream);
}

#endif

}  // namespace qfmt::cuda
