// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/real.hpp>

// The tensor cores' instructions for a warp, in device code. With g = lane / 4 and t = lane % 4 a
// lane holds (PTX ISA 9.0, "Matrix Fragments for mma.m16n8k16" and "mma.m16n8k32")
//
//     a[0], a[1]   rows g and g + 8, columns 2t, 2t+1 of 16-bit elements or 4t .. 4t+3 of bytes
//     a[2], a[3]   the same rows, 8 (bytes: 16) columns further
//     b0, b1       the same columns of the right operand's row g, which is a token
//     c[0], c[1]   row g, tokens 2t and 2t + 1;  c[2], c[3]   row g + 8

namespace qfmt::cuda::ptx {

#if defined(__CUDACC__)

/// c += a * b for BF16 or FP16, sums in binary32.
template <Real T>
__device__ inline void mma_m16n8k16(float (&c)[4], uint32_t const (&a)[4], uint32_t b0,
                                    uint32_t b1) noexcept {
  if constexpr (same_as<T, Code<BF16>>) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  } else {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
}

/// c += a * b for signed bytes, exactly.
__device__ inline void mma_m16n8k32(int32_t (&c)[4], uint32_t const (&a)[4], uint32_t b0,
                                    uint32_t b1) noexcept {
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

#endif

}  // namespace qfmt::cuda::ptx
