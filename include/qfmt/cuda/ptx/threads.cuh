// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/status.hpp>

// What a kernel sees of the threads that run it. A kernel is a structure: its members are the
// arguments, its call operator is the body, and the body knows of threads only what its template
// argument offers. On a device that is HardwareThreads. The tests have another one, which runs every
// thread of every block on the host; so what is tested is the body that a device runs.
//
//     struct Fill {
//       static constexpr int max_threads = 256;
//       struct Shared {};
//       float* to;
//       template <class Threads>
//       QFMT_HOST_DEVICE void operator()(Shared&) const { to[Threads::thread()] = 0.0f; }
//     };
//     Status const status = launch(Fill{to}, {1, 1}, 256, stream);
//
// What Threads offers, every function static:
//
//     thread(), threads()       this thread's number in its block, and how many there are
//     block_x(), blocks_x()     this block's number, and how many there are
//     block_y(), blocks_y()
//     sync()                    waits for the block
//     exchange(x, distance)     the x of lane `lane ^ distance` of the warp; all its lanes call it

namespace qfmt::cuda {

inline constexpr int warp_size = 32;

/// Blocks of a launch.
struct Grid {
  unsigned x = 1;
  unsigned y = 1;
};

/// f(0), f(1), ..., f(N - 1), written out: what f indexes can stay in registers.
QFMT_ANY_CALLEE template <int N, int Next = 0, class F>
QFMT_HOST_DEVICE void unrolled(F const& f) noexcept {
  if constexpr (Next < N) {
    f(Next);
    unrolled<N, Next + 1>(f);
  }
}

/// The largest x among `Lanes` neighbouring lanes, a power of two of them, in each of them.
QFMT_ANY_CALLEE template <class Threads, int Lanes = warp_size>
[[nodiscard]] QFMT_HOST_DEVICE uint32_t max_of_lanes(uint32_t x) noexcept {
  for (int distance = 1; distance < Lanes; distance *= 2) {
    uint32_t const other = Threads::exchange(x, distance);
    x = x > other ? x : other;
  }
  return x;
}

/// Combines the x of all threads of a block, which are whole warps, in a fixed order: within warps
/// by `combine(x, lanes...)`, then the warps' results the same way. `partial` has 32 words, which no
/// thread may touch again before the next sync(). `identity` combines with x to x.
QFMT_ANY_CALLEE template <class Threads, class Combine>
[[nodiscard]] QFMT_HOST_DEVICE uint32_t over_block(uint32_t x, uint32_t identity, uint32_t* partial,
                                                   Combine combine) noexcept {
  int const lane = Threads::thread() % warp_size;
  for (int distance = 1; distance < warp_size; distance *= 2)
    x = combine(x, Threads::exchange(x, distance));
  if (lane == 0)
    partial[Threads::thread() / warp_size] = x;
  Threads::sync();
  x = lane < Threads::threads() / warp_size ? partial[lane] : identity;
  for (int distance = 1; distance < warp_size; distance *= 2)
    x = combine(x, Threads::exchange(x, distance));
  return x;
}

#if defined(__CUDACC__)

struct HardwareThreads {
  [[nodiscard]] __device__ static int thread() noexcept { return static_cast<int>(threadIdx.x); }
  [[nodiscard]] __device__ static int threads() noexcept { return static_cast<int>(blockDim.x); }
  [[nodiscard]] __device__ static unsigned block_x() noexcept { return blockIdx.x; }
  [[nodiscard]] __device__ static unsigned block_y() noexcept { return blockIdx.y; }
  [[nodiscard]] __device__ static unsigned blocks_x() noexcept { return gridDim.x; }
  [[nodiscard]] __device__ static unsigned blocks_y() noexcept { return gridDim.y; }
  __device__ static void sync() noexcept { __syncthreads(); }
  [[nodiscard]] __device__ static uint32_t exchange(uint32_t x, int distance) noexcept {
    return __shfl_xor_sync(0xFFFFFFFFu, x, distance);
  }
};

#endif

// NVRTC compiles no host code, which starts kernels.
#if defined(__CUDACC__) && !defined(__CUDACC_RTC__)

/// Blocks that must fit on a multiprocessor at once: `Body::min_blocks`, or 0, as the compiler likes.
template <class Body>
constexpr int min_blocks() noexcept {
  if constexpr (requires { Body::min_blocks; }) {
    return Body::min_blocks;
  } else {
    return 0;
  }
}

/// Whether a body's shared memory is more than a kernel has without asking, 48 KB.
template <class Body>
inline constexpr bool must_ask_for_shared = sizeof(typename Body::Shared) > 48 * 1024;

/// The one kernel: runs a body.
template <class Body>
__global__ void __launch_bounds__(Body::max_threads, min_blocks<Body>()) run(Body const body) {
  if constexpr (must_ask_for_shared<Body>) {
    extern __shared__ __align__(16) unsigned char asked_for[];
    static_assert(alignof(typename Body::Shared) <= 16);
    body.template operator()<HardwareThreads>(*reinterpret_cast<typename Body::Shared*>(asked_for));
  } else {
    __shared__ typename Body::Shared shared;
    body.template operator()<HardwareThreads>(shared);
  }
}

/// Starts `body` on a stream, without waiting for it; can be captured in a graph. Errors:
/// device_error, if it cannot be launched, or needs more shared memory than the device has, and then
/// the runtime's last error is taken away: the status has said it. An error of earlier work that the
/// context does not survive, as an illegal address, comes back here too.
template <class Body>
Status launch(Body const& body, Grid grid, int threads, cudaStream_t stream) {
  cudaLaunchConfig_t config{};
  if constexpr (must_ask_for_shared<Body>) {
    config.dynamicSmemBytes = sizeof(typename Body::Shared);
    if (cudaFuncSetAttribute(run<Body>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(config.dynamicSmemBytes)) != cudaSuccess) {
      (void)cudaGetLastError();
      return Status::device_error;
    }
  }
  config.gridDim = dim3{grid.x, grid.y, 1};
  config.blockDim = dim3{static_cast<unsigned>(threads), 1, 1};
  config.stream = stream;
  if (cudaLaunchKernelEx(&config, run<Body>, body) == cudaSuccess)
    return Status::ok;
  (void)cudaGetLastError();
  return Status::device_error;
}

#endif

}  // namespace qfmt::cuda
