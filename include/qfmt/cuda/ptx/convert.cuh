// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/config.hpp>

// The conversion instructions, two values at a time, the first in the low half. They exist in
// device code only, where QFMT_HAS_CVT_FP8 and QFMT_HAS_CVT_FP4 say so (core/config.hpp); PTX ISA
// 9.0, "Data Movement and Conversion Instructions: cvt".

namespace qfmt::cuda::ptx {

#if defined(QFMT_HAS_CVT_FP8)
/// Two E4M3 codes as FP16, exactly; NaN as NaN.
[[nodiscard]] __device__ inline uint32_t e4m3x2_to_f16x2(uint16_t codes) noexcept {
  uint32_t d = 0;
  asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(d) : "h"(codes));
  return d;
}

/// Two FP16 numbers of at most 8 significant bits as BF16, exactly: their binary32 forms, of which
/// the upper halves are kept.
[[nodiscard]] __device__ inline uint32_t f16x2_to_bf16x2(uint32_t pair) noexcept {
  uint32_t d = 0;
  asm("{\n\t"
      ".reg .b16 low, high;\n\t"
      ".reg .b32 a, b;\n\t"
      "mov.b32 {low, high}, %1;\n\t"
      "cvt.f32.f16 a, low;\n\t"
      "cvt.f32.f16 b, high;\n\t"
      "prmt.b32 %0, a, b, 0x7632;\n\t"
      "}"
      : "=r"(d)
      : "r"(pair));
  return d;
}

/// Two binary32 numbers as E4M3 codes: to nearest even, saturating, NaN as 0x7F.
[[nodiscard]] __device__ inline uint16_t f32x2_to_e4m3x2(float low, float high) noexcept {
  uint16_t d = 0;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(d) : "f"(high), "f"(low));
  return d;
}

/// The same for E5M2.
[[nodiscard]] __device__ inline uint16_t f32x2_to_e5m2x2(float low, float high) noexcept {
  uint16_t d = 0;
  asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;" : "=h"(d) : "f"(high), "f"(low));
  return d;
}
#endif

#if defined(QFMT_HAS_CVT_FP4)
/// Two E2M1 codes (the low byte, the first in its low nibble) as FP16, exactly.
[[nodiscard]] __device__ inline uint32_t e2m1x2_to_f16x2(uint32_t codes) noexcept {
  uint32_t d = 0;
  asm("{\n\t"
      ".reg .b8 byte, b1, b2, b3;\n\t"
      "mov.b32 {byte, b1, b2, b3}, %1;\n\t"
      "cvt.rn.f16x2.e2m1x2 %0, byte;\n\t"
      "}"
      : "=r"(d)
      : "r"(codes));
  return d;
}

/// Two binary32 numbers as E2M1 codes in the low byte: to nearest even, saturating, NaN as 0x7.
[[nodiscard]] __device__ inline uint32_t f32x2_to_e2m1x2(float low, float high) noexcept {
  uint32_t d = 0;
  asm("{\n\t"
      ".reg .b8 byte;\n\t"
      "cvt.rn.satfinite.e2m1x2.f32 byte, %1, %2;\n\t"
      "mov.b32 %0, {byte, byte, byte, byte};\n\t"
      "}"
      : "=r"(d)
      : "f"(high), "f"(low));
  return d & 0xFF;
}
#endif

}  // namespace qfmt::cuda::ptx
