// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The kernels of quantization, each kind of source with each kind of target once.

#include <qfmt/cuda/tensor/amax.cuh>
#include <qfmt/cuda/tensor/quantize_blocks.cuh>
#include <qfmt/cuda/tensor/quantize_rows.cuh>
#include <qfmt/cuda/tensor/quantize_tensor.cuh>
#include <qfmt/cuda/tensor/rms_norm.cuh>
#include <qfmt/cuda/tensor/silu_mul.cuh>
#include <qfmt/formats/int8.hpp>

using namespace qfmt;
namespace q = qfmt::cuda;

using T = Code<BF16>;
template <class F>
using Rows = q::RowTarget<F, float, profile::Qfmt>;
template <class F>
using Tensor = q::TensorTarget<F, float, profile::Qfmt>;
template <class B, class L>
using Blocks = q::BlockTarget<B, L, profile::Qfmt>;

#define KERNEL(name, ...)                                                \
  using name##_body = __VA_ARGS__;                                       \
  extern "C" __global__ void __launch_bounds__(name##_body::max_threads) \
      name(name##_body const body) {                                     \
    __shared__ name##_body::Shared shared;                               \
    body.operator()<q::HardwareThreads>(shared);                         \
  }

KERNEL(rows_e4m3, q::RowKernel<q::MatrixRows<T>, Rows<E4M3>>)
KERNEL(silu_rows_int8, q::RowKernel<q::SiluMul<T>, Rows<INT8>>)
KERNEL(norm_rows_e4m3, q::RowKernel<q::AddRmsNorm<T>, Rows<E4M3>>)
KERNEL(tensor_e4m3, q::VectorKernel<q::MatrixRows<T>, Tensor<E4M3>>)
KERNEL(silu_tensor_int8, q::VectorKernel<q::SiluMul<T>, Tensor<INT8>>)
KERNEL(norm_tensor_e4m3, q::RowKernel<q::AddRmsNorm<T>, Tensor<E4M3>>)
KERNEL(blocks_nvfp4, q::VectorKernel<q::MatrixRows<T>, Blocks<NVFP4, Swizzled128x4>>)
KERNEL(blocks_mxfp4, q::VectorKernel<q::MatrixRows<T>, Blocks<MXFP4, RowMajor>>)
KERNEL(silu_blocks_mxfp8, q::VectorKernel<q::SiluMul<T>, Blocks<MXFP8_E4M3, Swizzled128x4>>)
KERNEL(norm_blocks_nvfp4, q::RowKernel<q::AddRmsNorm<T>, Blocks<NVFP4, Swizzled128x4>>)
KERNEL(amax, q::PartialAmax<T>)
