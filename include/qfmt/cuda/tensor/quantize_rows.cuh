// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/tensor/row_kernel.cuh>
#include <qfmt/formats/e4m3.hpp>

namespace qfmt::cuda {

#if defined(__CUDACC__) && !defined(__CUDACC_RTC__)

/// Quantizes rows with a scale each, found from the very row: activations token by token (E4M3, INT8),
/// and weights channel by channel. Scales and codes are those that quantize<QuantScheme<F, PerToken,
/// SymmetricScale<Stored>, Dynamic, P>>() gives on the host for a matrix of the source's type.
///
/// The source is a matrix, or what is fused with it: SiluMul, AddRmsNorm. M and K are any. Nothing is
/// allocated and nothing waited for; the call can be captured in a graph. NaN and infinity go through
/// the rules of scale and format. Errors: those of the arguments (negative_size, shape_mismatch,
/// stride_invalid, null_pointer, size_unsupported beyond 2^31 - 1 rows), device_error (the launch).
template <ElementFormat F, Profile P = profile::Qfmt, Real Stored = float, class Source>
Status quantize_rows(Source const& source, ScaledRows<F, Stored> out, cudaStream_t stream) {
  return quantize_by_rows(source, RowTarget<F, Stored, P>{out}, stream);
}
template <ElementFormat F, Profile P = profile::Qfmt, Real Stored = float, Real T>
Status quantize_rows(MatrixView<T const> x, ScaledRows<F, Stored> out, cudaStream_t stream) {
  return quantize_by_rows(MatrixRows<T>{x}, RowTarget<F, Stored, P>{out}, stream);
}

#endif

}  // namespace qfmt::cuda
