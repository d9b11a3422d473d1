// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/tensor/vector_kernel.cuh>

namespace qfmt::cuda {

#if defined(__CUDACC__) && !defined(__CUDACC_RTC__)

namespace detail {

template <BlockFormat B, ScaleLayout L, Profile P, class Source>
Status quantize_to_blocks(Source const& source, QuantizedRows<B, L> out,
                          Parameter<typename B::Policy::Global> global, cudaStream_t stream) {
  return quantize_by_vectors(source, BlockTarget<B, L, P>{out, global}, stream);
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
  if (global == nullptr)
    return Status::null_pointer;
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
  if (global == nullptr)
    return Status::null_pointer;
  return detail::quantize_to_blocks<B, L, P>(MatrixRows<T>{x}, out, {{}, global}, stream);
}

#endif

}  // namespace qfmt::cuda
