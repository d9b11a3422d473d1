// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>

#include <qfmt/core/shape.hpp>
#include <qfmt/tensor/isa.hpp>
#if defined(QFMT_X86)
#include <immintrin.h>
#endif

// What one core can do at most, measured beside what it is compared with: clocks and neighbours
// change within minutes, ratios in one process do not.

namespace qfmt::bench {

/// Seconds that this thread has run: other processes do not count, whoever shares the core.
inline double thread_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

#if defined(QFMT_X86)

// Fourteen independent chains of one instruction; operations for each second, two for each
// multiplication.
#define QFMT_CEILING(name, instruction, operations)                                                \
  inline double name() {                                                                           \
    constexpr long steps = 400000;                                                                 \
    long left = steps;                                                                             \
    double const start = thread_seconds();                                                         \
    asm volatile("1:\n .irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13\n " instruction                      \
                 "\n .endr\n dec %0\n jnz 1b\n vzeroupper\n"                                       \
                 : "+r"(left)                                                                      \
                 :                                                                                 \
                 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", \
                   "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc");                    \
    return 14.0 * steps * (operations) / (thread_seconds() - start);                               \
  }
QFMT_CEILING(vnni_peak_512, "vpdpbusd %%zmm14, %%zmm15, %%zmm\\r", 128)
QFMT_CEILING(bf16_peak_512, "vdpbf16ps %%zmm14, %%zmm15, %%zmm\\r", 64)
QFMT_CEILING(fma_peak_512, "vfmadd231ps %%zmm14, %%zmm15, %%zmm\\r", 32)
QFMT_CEILING(fma_peak_256, "vfmadd231ps %%ymm14, %%ymm15, %%ymm\\r", 16)
#undef QFMT_CEILING

/// Integer operations, of 8 bits; 0 where there is no instruction.
inline double vnni_peak() {
  return detected_isa() >= Isa::avx512_vnni ? vnni_peak_512() : 0;
}
inline double bf16_peak() {
  return detected_isa() >= Isa::avx512_bf16 ? bf16_peak_512() : 0;
}
inline double fma_peak() {
  return detected_isa() >= Isa::avx512 ? fma_peak_512()
         : detected_isa() >= Isa::avx2 ? fma_peak_256()
                                       : 0;
}

#else

inline double vnni_peak() {
  return 0;
}
inline double bf16_peak() {
  return 0;
}
inline double fma_peak() {
  return 0;
}

#endif

/// Reads whole lines, and returns something that depends on all of them.
inline uint64_t read_lines(uint8_t const* from, index_t bytes) {
#if defined(QFMT_X86)
  if (detected_isa() >= Isa::avx2) {
    uint64_t out = 0;
    uint8_t const* const end = from + bytes / 256 * 256;
    asm volatile(
        "vpxor %%xmm0, %%xmm0, %%xmm0\n"
        "1:\n cmp %2, %1\n jae 2f\n"
        ".irp i,0,32,64,96,128,160,192,224\n vpxor \\i(%1), %%ymm0, %%ymm0\n .endr\n"
        "add $256, %1\n jmp 1b\n2:\n"
        "vmovq %%xmm0, %0\n vzeroupper\n"
        : "=r"(out), "+r"(from)
        : "r"(end)
        : "xmm0", "cc", "memory");
    return out;
  }
#endif
  uint64_t out = 0;
  for (index_t i = 0; i < bytes; i += 8) out += from[i];
  return out;
}

}  // namespace qfmt::bench
