// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/bit.hpp>

// Arithmetic in binary32 as IEEE 754 has it, to nearest even, subnormals kept, whatever the flags of
// the translation unit say: -use_fast_math, -ftz, -prec-div and -fmad change nothing here. On the
// host the same numbers come from the processor.

namespace qfmt::cuda::ptx {

/// x * y.
[[nodiscard]] QFMT_HOST_DEVICE inline float multiply(float x, float y) noexcept {
#if defined(__CUDA_ARCH__)
  float d = 0.0f;
  asm("mul.rn.f32 %0, %1, %2;" : "=f"(d) : "f"(x), "f"(y));
  return d;
#else
  return x * y;
#endif
}

/// x + y, never part of a multiply_add.
[[nodiscard]] QFMT_HOST_DEVICE inline float add(float x, float y) noexcept {
#if defined(__CUDA_ARCH__)
  float d = 0.0f;
  asm("add.rn.f32 %0, %1, %2;" : "=f"(d) : "f"(x), "f"(y));
  return d;
#else
  return x + y;
#endif
}

/// x * y + z, rounded once.
[[nodiscard]] QFMT_HOST_DEVICE inline float multiply_add(float x, float y, float z) noexcept {
#if defined(__CUDA_ARCH__)
  float d = 0.0f;
  asm("fma.rn.f32 %0, %1, %2, %3;" : "=f"(d) : "f"(x), "f"(y), "f"(z));
  return d;
#else
  return __builtin_fmaf(x, y, z);
#endif
}

/// x / y: about ten instructions in the usual case and a call in the others.
[[nodiscard]] QFMT_HOST_DEVICE inline float divide(float x, float y) noexcept {
#if defined(__CUDA_ARCH__)
  float d = 0.0f;
  asm("div.rn.f32 %0, %1, %2;" : "=f"(d) : "f"(x), "f"(y));
  return d;
#else
  return x / y;
#endif
}

/// 1 / x.
[[nodiscard]] QFMT_HOST_DEVICE inline float reciprocal(float x) noexcept {
#if defined(__CUDA_ARCH__)
  float d = 0.0f;
  asm("rcp.rn.f32 %0, %1;" : "=f"(d) : "f"(x));
  return d;
#else
  return 1.0f / x;
#endif
}

/// The square root.
[[nodiscard]] QFMT_HOST_DEVICE inline float square_root(float x) noexcept {
#if defined(__CUDA_ARCH__)
  float d = 0.0f;
  asm("sqrt.rn.f32 %0, %1;" : "=f"(d) : "f"(x));
  return d;
#else
  return __builtin_sqrtf(x);
#endif
}

/// |x|.
[[nodiscard]] QFMT_HOST_DEVICE inline float magnitude(float x) noexcept {
#if defined(__CUDA_ARCH__)
  float d = 0.0f;
  asm("abs.f32 %0, %1;" : "=f"(d) : "f"(x));
  return d;
#else
  return bit_cast<float>(magnitude_bits(x));
#endif
}

/// The smaller and the larger of two numbers; of a NaN and a number, the number.
[[nodiscard]] QFMT_HOST_DEVICE inline float smaller(float x, float y) noexcept {
#if defined(__CUDA_ARCH__)
  float d = 0.0f;
  asm("min.f32 %0, %1, %2;" : "=f"(d) : "f"(x), "f"(y));
  return d;
#else
  return is_nan(x) || y < x ? y : x;
#endif
}
[[nodiscard]] QFMT_HOST_DEVICE inline float larger(float x, float y) noexcept {
#if defined(__CUDA_ARCH__)
  float d = 0.0f;
  asm("max.f32 %0, %1, %2;" : "=f"(d) : "f"(x), "f"(y));
  return d;
#else
  return is_nan(x) || y > x ? y : x;
#endif
}

}  // namespace qfmt::cuda::ptx
