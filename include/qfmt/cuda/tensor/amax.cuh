// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/ptx/threads.cuh>
#include <qfmt/cuda/tensor/row_vector.cuh>
#include <qfmt/scaling/block_format.hpp>

// The largest magnitude of a matrix and the tensor's part of a scale, in two launches without atomic
// operations: each block leaves one number, and one block combines them.

namespace qfmt::cuda {

/// Blocks of the first launch at most, and the binary32 numbers that the workspace holds.
inline constexpr int amax_workspace = 1024;

/// The first launch.
template <Real T>
struct PartialAmax {
  static constexpr int max_threads = 256;
  struct Shared {
    uint32_t partial[32];
  };
  MatrixView<T const> x;
  float* to;  // one for each block

  /// A block's share is 8 vectors of each thread or more.
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr Grid grid(Shape shape) noexcept {
    index_t const vectors = shape.rows * ceil_div(shape.cols, vector_size);
    index_t const blocks = ceil_div(vectors, 8 * max_threads);
    return {static_cast<unsigned>(blocks < amax_workspace ? blocks : amax_workspace), 1};
  }

  QFMT_ANY_CALLEE template <class Threads>
  QFMT_HOST_DEVICE void operator()(Shared& shared) const noexcept {
    index_t const in_row = ceil_div(x.shape.cols, vector_size);
    index_t const vectors = x.shape.rows * in_row;
    index_t const step = index_t{Threads::blocks_x()} * Threads::threads();
    uint32_t largest = 0;
    for (index_t v = index_t{Threads::block_x()} * Threads::threads() + Threads::thread();
         v < vectors; v += step) {
      index_t const row = v / in_row;
      index_t const col = (v - row * in_row) * vector_size;
      uint32_t const here =
          largest_magnitude(widen<T>(load_vector(x.row(row) + col, x.shape.cols - col)));
      largest = largest > here ? largest : here;
    }
    auto const larger = [](uint32_t a, uint32_t b) { return a > b ? a : b; };
    largest = over_block<Threads>(largest, 0, shared.partial, larger);
    if (Threads::thread() == 0)
      to[Threads::block_x()] = bit_cast<float>(largest);
  }
};

/// The second launch, one block: what `Finish` makes of the largest.
template <class Finish>
struct CombineAmax {
  static constexpr int max_threads = 256;
  struct Shared {
    uint32_t partial[32];
  };
  float const* from;
  int count;
  typename Finish::Result* to;

  QFMT_ANY_CALLEE template <class Threads>
  QFMT_HOST_DEVICE void operator()(Shared& shared) const noexcept {
    auto const larger = [](uint32_t a, uint32_t b) { return a > b ? a : b; };
    uint32_t largest = 0;
    for (int i = Threads::thread(); i < count; i += Threads::threads())
      largest = larger(largest, bit_cast<uint32_t>(from[i]));
    largest = over_block<Threads>(largest, 0, shared.partial, larger);
    if (Threads::thread() == 0)
      *to = Finish::of(bit_cast<float>(largest));
  }
};

struct AmaxItself {
  using Result = float;
  QFMT_HOST_DEVICE static constexpr float of(float amax) noexcept { return amax; }
};
template <class F, class Policy, Profile P, Real T>
struct GlobalOfAmax {
  using Result = typename Policy::Global;
  QFMT_HOST_DEVICE static constexpr Result of(float amax) noexcept {
    return Policy::template fit_global<F, P, T>(amax);
  }
};

#if defined(__CUDACC__) && !defined(__CUDACC_RTC__)

namespace detail {

template <class Finish, Real T>
Status reduce_amax(MatrixView<T const> x, float* workspace, typename Finish::Result* to,
                   cudaStream_t stream) {
  if (Status const status = MatrixRows<T>::check_matrix(x); status != Status::ok)
    return status;
  if (workspace == nullptr || to == nullptr)
    return Status::null_pointer;
  Grid const grid = PartialAmax<T>::grid(x.shape);
  if (grid.x != 0) {
    Status const status =
        launch(PartialAmax<T>{x, workspace}, grid, PartialAmax<T>::max_threads, stream);
    if (status != Status::ok)
      return status;
  }
  return launch(CombineAmax<Finish>{workspace, static_cast<int>(grid.x), to}, {},
                CombineAmax<Finish>::max_threads, stream);
}

}  // namespace detail

/// The largest magnitude of a matrix; NaN or infinity if it holds one, 0 if it is empty. `workspace`
/// holds amax_workspace numbers. The result lies on the device; nothing is allocated and nothing
/// waited for. Errors: negative_size, stride_invalid, null_pointer, device_error (the launches).
template <Real T>
Status amax(MatrixView<T const> x, float* workspace, float* to, cudaStream_t stream) {
  return detail::reduce_amax<AmaxItself>(x, workspace, to, stream);
}

/// The tensor's part of a block format (NVFP4: its GlobalScale), as fit_global<BlockScheme<B, ..., P>>
/// gives it on the host; quantize_blocks takes the pointer. Otherwise as amax.
template <BlockFormat B, Profile P = profile::Qfmt, Real T>
Status fit_global(MatrixView<T const> x, float* workspace, typename B::Policy::Global* to,
                  cudaStream_t stream) {
  using Finish = GlobalOfAmax<typename B::Element, typename B::Policy, P, T>;
  return detail::reduce_amax<Finish>(x, workspace, to, stream);
}

#endif

}  // namespace qfmt::cuda
