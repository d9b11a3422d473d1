// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/tensor/vector_kernel.cuh>
#include <qfmt/formats/e4m3.hpp>

namespace qfmt::cuda {

#if defined(__CUDACC__) && !defined(__CUDACC_RTC__)

/// Quantizes rows with one scale that is known before: static activations, whose scale a calibration
/// has found. Codes are those that Frozen<QuantScheme<F, PerTensor, SymmetricScale<Stored>, Static<...>,
/// P>>::quantize() gives on the host for a matrix of the source's type.
///
///     Status s = cuda::quantize_tensor<E4M3>(x, cuda::PackedRows<E4M3>{codes, row_bytes}, scale, stream);
///
/// The source is a matrix, or what is fused with it: SiluMul, AddRmsNorm. The scale is a value, or a
/// pointer to one on the device. M and K are any. Nothing is allocated and nothing waited for; the
/// call can be captured in a graph. What the scale's range did not have saturates. NaN and infinity go
/// through the format's rules, and so do the quotients of a scale that is not finite and positive.
/// Errors: negative_size, shape_mismatch, stride_invalid, null_pointer, size_unsupported, device_error
/// (the launch).
template <ElementFormat F, Profile P = profile::Qfmt, Real Stored = float, class Source>
Status quantize_tensor(Source const& source, PackedRows<F> out, Stored scale, cudaStream_t stream) {
  return quantize_by_vectors(source, TensorTarget<F, Stored, P>{out, {scale, nullptr}}, stream);
}
template <ElementFormat F, Profile P = profile::Qfmt, Real Stored = float, class Source>
Status quantize_tensor(Source const& source, PackedRows<F> out, Stored const* scale,
                       cudaStream_t stream) {
  if (scale == nullptr)
    return Status::null_pointer;
  return quantize_by_vectors(source, TensorTarget<F, Stored, P>{out, {{}, scale}}, stream);
}
template <ElementFormat F, Profile P = profile::Qfmt, Real Stored = float, Real T>
Status quantize_tensor(MatrixView<T const> x, PackedRows<F> out, Stored scale,
                       cudaStream_t stream) {
  return quantize_tensor<F, P>(MatrixRows<T>{x}, out, scale, stream);
}
template <ElementFormat F, Profile P = profile::Qfmt, Real Stored = float, Real T>
Status quantize_tensor(MatrixView<T const> x, PackedRows<F> out, Stored const* scale,
                       cudaStream_t stream) {
  return quantize_tensor<F, P>(MatrixRows<T>{x}, out, scale, stream);
}

#endif

}  // namespace qfmt::cuda
