// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/bit.hpp>

// Loads and copies that C++ has no name for. On the host the loads are plain ones.

namespace qfmt::cuda::ptx {

/// N neighbouring words, loaded and stored by one instruction.
template <int N>
struct alignas(4 * N) Words {
  uint32_t word[size_t{N}];
};

/// From any memory, at a multiple of 4 * N bytes.
template <int N>
[[nodiscard]] QFMT_HOST_DEVICE inline Words<N> load(void const* from) noexcept {
#if defined(__CUDA_ARCH__)
  // The type has the alignment. Of a memcpy it is forgotten once inlined, and bytes are loaded.
  return *static_cast<Words<N> const*>(from);
#else
  Words<N> out;
  __builtin_memcpy(&out, __builtin_assume_aligned(from, 4 * N), sizeof(out));
  return out;
#endif
}

/// To global memory, at a multiple of 16 bytes.
QFMT_HOST_DEVICE inline void store(void* to, Words<4> const& words) noexcept {
#if defined(__CUDA_ARCH__)
  asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(to), "r"(words.word[0]),
               "r"(words.word[1]), "r"(words.word[2]), "r"(words.word[3])
               : "memory");
#else
  __builtin_memcpy(__builtin_assume_aligned(to, 16), &words, sizeof(words));
#endif
}

/// A T of 2, 4 or 8 bytes from global memory that is not written meanwhile, at a multiple of its size.
template <class T>
requires(sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8) [[nodiscard]] QFMT_HOST_DEVICE inline T
    load_constant(void const* from) noexcept {
#if defined(__CUDA_ARCH__)
  if constexpr (sizeof(T) == 2) {
    uint16_t bits;
    asm("ld.global.nc.u16 %0, [%1];" : "=h"(bits) : "l"(from));
    return bit_cast<T>(bits);
  } else if constexpr (sizeof(T) == 4) {
    uint32_t bits;
    asm("ld.global.nc.u32 %0, [%1];" : "=r"(bits) : "l"(from));
    return bit_cast<T>(bits);
  } else {
    uint64_t bits;
    asm("ld.global.nc.u64 %0, [%1];" : "=l"(bits) : "l"(from));
    return bit_cast<T>(bits);
  }
#else
  T out;
  __builtin_memcpy(&out, __builtin_assume_aligned(from, sizeof(T)), sizeof(T));
  return out;
#endif
}

/// From global memory that is read once and not written meanwhile: it does not displace what others
/// have in the L1 cache, and the L2 cache fetches 256 bytes at a time.
template <int N>
[[nodiscard]] QFMT_HOST_DEVICE inline Words<N> load_once(void const* from) noexcept {
#if defined(__CUDA_ARCH__)
  Words<N> out;
  if constexpr (N == 4) {
    asm volatile("ld.global.L1::no_allocate.L2::256B.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(out.word[0]), "=r"(out.word[1]), "=r"(out.word[2]), "=r"(out.word[3])
                 : "l"(from));
  } else if constexpr (N == 2) {
    asm volatile("ld.global.L1::no_allocate.L2::256B.v2.u32 {%0, %1}, [%2];"
                 : "=r"(out.word[0]), "=r"(out.word[1])
                 : "l"(from));
  } else {
    asm volatile("ld.global.L1::no_allocate.L2::256B.u32 %0, [%1];"
                 : "=r"(out.word[0])
                 : "l"(from));
  }
  return out;
#else
  return load<N>(from);
#endif
}

#if defined(__CUDACC__)

/// 16 bytes from global to shared memory, asynchronously: the first `bytes` of them from there, the
/// rest zeros. Both addresses are multiples of 16.
__device__ inline void copy_async(void* shared, void const* global, int bytes) noexcept {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
                   static_cast<uint32_t>(__cvta_generic_to_shared(shared))),
               "l"(global), "r"(bytes)
               : "memory");
}
/// The copies issued since the last call become a group.
__device__ inline void commit_copies() noexcept {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
/// Waits until at most `Pending` groups are not there yet.
template <int Pending>
__device__ inline void wait_for_copies() noexcept {
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
}

#endif

}  // namespace qfmt::cuda::ptx
