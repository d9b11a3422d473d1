// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/real.hpp>

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
#error \
    "qfmt/cuda needs sm_80 or newer: nvcc -std=c++20 -arch=sm_80 (without -arch, nvcc 13 takes sm_75)"
#endif

// Arithmetic on two 16-bit floats in one register, the first in the low half: rounded once to
// nearest even, subnormals kept. On the host it is computed in binary32 and rounded to T, which is
// the same: products of 16-bit floats are exact in binary32.

namespace qfmt::cuda::ptx {

/// The two halves of a register as numbers, and back. Back, a NaN may become another NaN.
template <Real T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr float half_of(uint32_t pair, int i) noexcept {
#if defined(__CUDA_ARCH__)
  if constexpr (same_as<T, Code<FP16>>) {
    if (!__builtin_is_constant_evaluated()) {
      float d = 0.0f;
      asm("cvt.f32.f16 %0, %1;" : "=f"(d) : "h"(static_cast<uint16_t>(pair >> (16 * i))));
      return d;
    }
  }
#endif
  return to_float(T{static_cast<uint16_t>(pair >> (16 * i))});
}
template <Real T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr uint32_t make_pair(float low, float high) noexcept {
#if defined(__CUDA_ARCH__)
  if (!__builtin_is_constant_evaluated()) {
    uint32_t d = 0;
    if constexpr (same_as<T, Code<FP16>>)
      asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(high), "f"(low));
    else
      asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(high), "f"(low));
    return d;
  }
#endif
  return uint32_t{from_float<T>(low).bits} | uint32_t{from_float<T>(high).bits} << 16;
}

/// a * b in each half.
template <Real T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr uint32_t multiply(uint32_t a, uint32_t b) noexcept {
#if defined(__CUDA_ARCH__)
  if (!__builtin_is_constant_evaluated()) {
    uint32_t d = 0;
    if constexpr (same_as<T, Code<FP16>>) {
      asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
    } else {
#if __CUDA_ARCH__ >= 900
      asm("mul.rn.bf16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
#else
      // Adding -0 leaves every product as it is, zeros of both signs included.
      asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(0x80008000u));
#endif
    }
    return d;
  }
#endif
  return make_pair<T>(half_of<T>(a, 0) * half_of<T>(b, 0), half_of<T>(a, 1) * half_of<T>(b, 1));
}

/// a + b in each half.
template <Real T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr uint32_t add(uint32_t a, uint32_t b) noexcept {
#if defined(__CUDA_ARCH__)
  if (!__builtin_is_constant_evaluated()) {
    uint32_t d = 0;
    if constexpr (same_as<T, Code<FP16>>) {
      asm("add.rn.f16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
    } else {
#if __CUDA_ARCH__ >= 900
      asm("add.rn.bf16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
#else
      asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(0x3F803F80u), "r"(b));
#endif
    }
    return d;
  }
#endif
  return make_pair<T>(half_of<T>(a, 0) + half_of<T>(b, 0), half_of<T>(a, 1) + half_of<T>(b, 1));
}

}  // namespace qfmt::cuda::ptx
