// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/ptx/memory.cuh>
#include <qfmt/cuda/ptx/mma.cuh>
#include <qfmt/cuda/ptx/threads.cuh>

namespace qfmt::cuda {

/// What a sum of products of T is kept in: of bytes in int32, exactly; else in binary32.
template <class T>
using SumOf = conditional_t<same_as<T, int8_t>, int32_t, float>;

/// A lane's registers of an mma: of the left operand, and of the sums.
struct LeftRegisters {
  uint32_t r[4];
};
template <class Sum>
struct SumRegisters {
  Sum r[4];
};

/// What a kernel of this floor asks of the machine besides Threads (ptx/threads.cuh): the warp's
/// products and copies that run on their own. The tests have one for their emulated threads.
///
///     multiply<T>(c, a, b0, b1)   c += a * b, in all lanes of the warp; ptx/mma.cuh has the layout
///     copy_async, commit_copies, wait_for_copies   see ptx/memory.cuh
template <class Threads>
struct Machine;

#if defined(__CUDACC__)
template <>
struct Machine<HardwareThreads> {
  template <class T>
  __device__ static void multiply(SumRegisters<SumOf<T>>& c, LeftRegisters const& a, uint32_t b0,
                                  uint32_t b1) noexcept {
    if constexpr (same_as<T, int8_t>) {
      ptx::mma_m16n8k32(c.r, a.r, b0, b1);
    } else {
      ptx::mma_m16n8k16<T>(c.r, a.r, b0, b1);
    }
  }
  __device__ static void copy_async(void* shared, void const* global, int bytes) noexcept {
    ptx::copy_async(shared, global, bytes);
  }
  __device__ static void commit_copies() noexcept { ptx::commit_copies(); }
  template <int Pending>
  __device__ static void wait_for_copies() noexcept {
    ptx::wait_for_copies<Pending>();
  }
};
#endif

}  // namespace qfmt::cuda
