// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/cuda/gemm/packed_tensor.hpp>
#include <qfmt/scaling/block_format.hpp>

namespace llama::cuda {

/// Whether there is a device.
bool has_device();

/// A weight on the device, whatever its scheme is.
class Weight {
 public:
  virtual ~Weight() = default;

  /// y = x * w^T, with x (tokens, in), rounded to BF16, and y (tokens, out) in the host's memory: what is
  /// computed on the device, and the way there and back. One call at a time.
  virtual qfmt::Status multiply(qfmt::MatrixView<float const> x, qfmt::MatrixView<float> y) = 0;
};

/// Copies a packed weight to the device. Null if there is no memory for it. Compiled for NVFP4 and
/// MXFP4, in weight.cu.
template <qfmt::Scheme S>
std::unique_ptr<Weight> to_device(qfmt::cuda::PackedTensor<S> const& packed);

extern template std::unique_ptr<Weight> to_device(
    qfmt::cuda::PackedTensor<qfmt::BlockScheme<qfmt::NVFP4>> const&);
extern template std::unique_ptr<Weight> to_device(
    qfmt::cuda::PackedTensor<qfmt::BlockScheme<qfmt::MXFP4>> const&);

}  // namespace llama::cuda
