// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/gemm/check.hpp>
#include <qfmt/cuda/gemm/mma_sm80.cuh>
#include <qfmt/cuda/gemm/plan.hpp>
#include <qfmt/cuda/gemm/simt.cuh>
#include <qfmt/cuda/gemm/skinny.cuh>

#if defined(__CUDACC__) && !defined(__CUDACC_RTC__)

namespace qfmt::cuda {

/// Memory on the device for partial sums, a multiple of 16; see workspace_bytes().
struct Workspace {
  void* data = nullptr;
  index_t bytes = 0;
};

/// The device that the calling thread uses. Error: device_error.
[[nodiscard]] inline Status current_device(Device& device) noexcept {
  int id = 0;
  int major = 0;
  int minor = 0;
  bool const known =
      cudaGetDevice(&id) == cudaSuccess &&
      cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, id) == cudaSuccess &&
      cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, id) == cudaSuccess &&
      cudaDeviceGetAttribute(&device.multiprocessors, cudaDevAttrMultiProcessorCount, id) ==
          cudaSuccess;
  device.capability = 10 * major + minor;
  if (known)
    return Status::ok;
  (void)cudaGetLastError();
  return Status::device_error;
}

namespace detail {

template <class X>
using ElementOf = typename decltype(tokens_of(std::declval<X const&>()))::Element;

/// Activations and a packed weight that tensor cores multiply; `simt` does the others.
template <class X, class S>
concept OnTensorCores = requires(X const& x) {
  tokens_of(x);
}
&&WeightOf<S, ElementOf<X>>;

template <class X, class W, Real Y, Epilogue E>
Status launch_simt(X const& x, W const& w, MatrixView<Y> y, E const& epilogue,
                   cudaStream_t stream) {
  Simt<X, W, Y, E> const kernel{x, w, y, epilogue};
  return launch(kernel, kernel.grid(), kernel.max_threads, stream);
}

/// Calls `visit` with the skinny kernel for so many tokens.
template <class P, class Visit>
auto with_skinny(P const& product, index_t tokens, Visit&& visit) {
  switch (token_tiles_for(tokens)) {
    case 1:
      return visit(Skinny<P, 1>{product});
    case 2:
      return visit(Skinny<P, 2>{product});
    default:
      return visit(Skinny<P, 4>{product});
  }
}
template <class P>
[[nodiscard]] int skinny_splits(P const& product, Device device) {
  return with_skinny(product, product.x.shape.rows, [&](auto const& kernel) {
    return splits_for(ceil_div(product.w.shape.rows, kernel.rows), product.w.layout().tiles(),
                      device);
  });
}

}  // namespace detail

/// The backend that gemm() takes for these operands.
template <class X, Packable S>
[[nodiscard]] Backend backend_for(X const& x, PackedView<S> const&, Device device) noexcept {
  if constexpr (detail::OnTensorCores<X, S>) {
    return backend_for(x.shape.rows, device);
  } else {
    return Backend::Simt;
  }
}

/// Bytes of workspace that gemm() asks for; 0 for most products.
template <class X, Packable S>
[[nodiscard]] index_t workspace_bytes(X const& x, PackedView<S> const& w, Device device) {
  if constexpr (detail::OnTensorCores<X, S>) {
    if (backend_for(x, w, device) == Backend::Skinny) {
      Product<S, detail::ElementOf<X>, float, NoEpilogue> const product{tokens_of(x), w, {}, {}};
      int const splits = detail::skinny_splits(product, device);
      return splits == 1 ? 0 : splits * x.shape.rows * w.shape.rows * index_t{4};
    }
  }
  return 0;
}

/// y = epilogue(x * w^T) on a device: activations x (M, K) times a packed weight w (N, K) into y
/// (M, N), all of it in the device's memory.
///
///     Status s = cuda::gemm(x, w, y, Bias{bias, n}, stream, workspace);
///
/// x is a MatrixView of BF16, FP16 or float, or a QuantTensorView (INT8 by token with INT8 weights by
/// row goes through the tensor cores; other formats through `simt`); y is a MatrixView of float, BF16
/// or FP16. M, N and K are any. Weights are not rounded: x and the codes are multiplied exactly, sums
/// are in binary32 (INT8 by INT8: exact in int32), scales are applied in binary32 or, for NVFP4,
/// exactly to the weights. Sums are added in an order that depends on shapes and on the device, and on
/// nothing else: a result is reproducible. NaN and infinity spread as in IEEE 754.
///
/// Nothing is allocated and nothing waited for; the call can be captured in a graph. The epilogue runs
/// on the device: what it points to lies there.
///
/// Errors, with nothing launched: those of qfmt::gemm(); buffer_too_small, less workspace than
/// workspace_bytes(); buffer_misaligned, w not at a multiple of 256 bytes; size_unsupported, about
/// 2^31 rows, columns or tokens, or 2^17 columns of INT8 by INT8. device_error: a launch failed, or there
/// is no device.
template <class X, Packable S, Real Y, Epilogue E = NoEpilogue>
Status gemm(X const& x, PackedView<S> const& w, MatrixView<Y> y, E const& epilogue,
            cudaStream_t stream, Workspace workspace, Device device) {
  if (Status const status = detail::check_operands(x, w, y, epilogue); status != Status::ok)
    return status;
  if (y.shape.size() == 0)
    return Status::ok;
  if constexpr (detail::OnTensorCores<X, S>) {
    using T = detail::ElementOf<X>;
    if (x.shape.cols > detail::most_columns<T>)
      return Status::size_unsupported;
    Product<S, T, Y, E> product{tokens_of(x), w, y, epilogue};
    switch (backend_for(x, w, device)) {
      case Backend::Skinny: {
        product.splits = detail::skinny_splits(product, device);
        if (product.splits > 1) {
          if (workspace.data == nullptr || workspace.bytes < workspace_bytes(x, w, device))
            return Status::buffer_too_small;
          if (reinterpret_cast<size_t>(workspace.data) % 16 != 0)
            return Status::buffer_misaligned;
          product.partial = static_cast<SumOf<T>*>(workspace.data);
        }
        Status const status = detail::with_skinny(product, x.shape.rows, [&](auto const& kernel) {
          return launch(kernel, kernel.grid(1), kernel.max_threads, stream);
        });
        if (status != Status::ok || product.splits == 1)
          return status;
        AddSplits<Product<S, T, Y, E>> const sum{product};
        return launch(sum, sum.grid(), sum.max_threads, stream);
      }
      case Backend::MmaSm80: {
        MmaSm80<Product<S, T, Y, E>> const kernel{product};
        return launch(kernel, kernel.grid(token_blocks_for(x.shape.rows, kernel.tokens, 1)),
                      kernel.max_threads, stream);
      }
      case Backend::Simt:
        break;
    }
  }
  return detail::launch_simt(x, w, y, epilogue, stream);
}

/// The same on the device that the calling thread uses.
template <class X, Packable S, Real Y, Epilogue E = NoEpilogue>
Status gemm(X const& x, PackedView<S> const& w, MatrixView<Y> y, E const& epilogue = {},
            cudaStream_t stream = nullptr, Workspace workspace = {}) {
  Device device;
  if (Status const status = current_device(device); status != Status::ok)
    return status;
  return gemm(x, w, y, epilogue, stream, workspace, device);
}

/// With a weight as quantize() leaves it, in any scheme: by `simt`, which is for reading and for
/// rare formats, not for speed.
template <class X, Scheme S, Real Y, Epilogue E = NoEpilogue>
Status gemm(X const& x, QuantTensorView<S> const& w, MatrixView<Y> y, E const& epilogue = {},
            cudaStream_t stream = nullptr) {
  if (Status const status = detail::check_operands(x, w, y, epilogue); status != Status::ok)
    return status;
  if (y.shape.size() == 0)
    return Status::ok;
  return detail::launch_simt(x, w, y, epilogue, stream);
}

/// A mixture of experts: every token times the weight of its expert, tokens sorted by expert. How many
/// belong to each is known to the device only, so the grid is made for an even distribution and each
/// block loops over what its expert has. Positions in experts.first outside x are cut off; tokens of
/// no expert leave their rows of y as they were. The epilogue sees rows of y, not experts.
///
/// Errors as above, but without a look at the experts' weights: their views lie on the device. They
/// must have the shape of `experts`, and share no memory with y. device_unsupported below sm_80.
template <class X, Packable S, Real Y, Epilogue E = NoEpilogue>
requires detail::OnTensorCores<X, S> Status gemm(X const& x, Experts<S> const& experts,
                                                 MatrixView<Y> y, E const& epilogue,
                                                 cudaStream_t stream, Device device) {
  using T = detail::ElementOf<X>;
  if (experts.shape.rows < 0 || experts.shape.cols < 0 || experts.count < 0)
    return Status::negative_size;
  if (Status const status = detail::check_product(x, experts.shape, y, epilogue);
      status != Status::ok)
    return status;
  if (experts.shape.rows > detail::most_rows || x.shape.cols > detail::most_columns<T> ||
      experts.count > 65535)
    return Status::size_unsupported;
  if (y.shape.size() == 0 || experts.count == 0)
    return Status::ok;
  if (experts.weights == nullptr || experts.first == nullptr)
    return Status::null_pointer;
  Product<S, T, Y, E> product{tokens_of(x), {}, y, epilogue};
  product.experts = experts;
  index_t const mean = ceil_div(x.shape.rows, experts.count);
  switch (backend_for(mean, device)) {
    case Backend::Skinny:
      return detail::with_skinny(product, mean, [&](auto const& kernel) {
        index_t const blocks = token_blocks_for(mean, kernel.tokens, experts.count);
        return launch(kernel, kernel.grid(blocks), kernel.max_threads, stream);
      });
    case Backend::MmaSm80: {
      MmaSm80<Product<S, T, Y, E>> const kernel{product};
      index_t const blocks = token_blocks_for(mean, kernel.tokens, experts.count);
      return launch(kernel, kernel.grid(blocks), kernel.max_threads, stream);
    }
    case Backend::Simt:
      break;
  }
  return Status::device_unsupported;
}

}  // namespace qfmt::cuda

#endif
