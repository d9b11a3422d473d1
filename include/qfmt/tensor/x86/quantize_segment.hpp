// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/scaling/quantize_value.hpp>
#include <qfmt/tensor/x86/encode.hpp>

// quantize_value (scaling/quantize_value.hpp) for the elements of a row that share a scale: the same
// codes. For the profiles that divide by the scale and encode as profile::Qfmt or as
// profile::CompressedTensors do.

#if defined(QFMT_X86)
#include <immintrin.h>

namespace qfmt::x86 {

/// The profiles whose steps the vectors follow. Others differ in a step, or may.
template <class N>
concept DividingProfile = same_as<N, profile::Qfmt> || same_as<N, profile::CompressedTensors>;

/// Whether profile N makes +0 of a quotient that is -0, in a format where one sees it.
template <Profile N, ElementFormat F>
inline constexpr bool drops_negative_zero =
    !IntegerFormat<F> && N::template encode<F>(-0.0f).bits == N::template encode<F>(0.0f).bits;

/// A divisor with which finite values give no NaN, in any floating-point environment: not zero, not
/// subnormal (it might be taken for zero), finite.
constexpr bool is_plain_divisor(float x) noexcept {
  uint32_t const bits = magnitude_bits(x);
  return bits >= 0x00800000u && bits < 0x7F800000u;
}

/// What a segment is quantized with: the type to which quotients are rounded, and whether there is a
/// zero point.
template <Real Q, bool HasZeroPoint, bool DropsNegativeZero>
struct SegmentSteps {
  using Quotient = Q;
  static constexpr bool has_zero_point = HasZeroPoint;
  static constexpr bool drops_negative_zero = DropsNegativeZero;
};
template <ElementFormat F, class Policy, Profile N, Real T>
using StepsOf = SegmentSteps<typename Policy::template Quotient<N, T>, Policy::has_zero_point,
                             drops_negative_zero<N, F>>;

}  // namespace qfmt::x86

QFMT_BEGIN_AVX512
namespace qfmt::x86::avx512 {

/// x / y in the current rounding mode, also where -ffast-math would allow less.
inline __m512 divide(__m512 x, __m512 y) noexcept {
  return _mm512_div_round_ps(x, y, _MM_FROUND_CUR_DIRECTION);
}

/// +0 where x is -0.
inline __m512 without_negative_zero(__m512 x) noexcept {
  __m512i const bits = _mm512_castps_si512(x);
  return _mm512_maskz_mov_ps(_mm512_test_epi32_mask(bits, _mm512_set1_epi32(0x7FFFFFFF)), x);
}

/// What becomes of a quotient, which is not NaN, before it is encoded.
template <class Steps>
inline __m512 finish_quotient(__m512 quotient, __m512 zero_point) noexcept {
  using Q = typename Steps::Quotient;
  __m512 x = round_number<Q>(quotient);
  if constexpr (Steps::has_zero_point)
    x = round_number<Q>(_mm512_add_ps(x, zero_point));
  if constexpr (Steps::drops_negative_zero)
    x = without_negative_zero(x);
  return x;
}

/// Precondition: the values are finite and is_plain_divisor(scale).
template <ByteFormat F, class Steps>
inline void quantize_segment(float const* values, index_t count, float scale, float zero_point,
                             Code<F>* codes) noexcept {
  __m512 const divisor = _mm512_set1_ps(scale);
  __m512 const zero = _mm512_set1_ps(zero_point);
  index_t i = 0;
  for (; i + 64 <= count; i += 64) {
    __m512i c[4];
    for (int k = 0; k < 4; ++k) {
      __m512 const x = divide(_mm512_loadu_ps(values + i + 16 * k), divisor);
      c[k] = encode<F, Nan::excluded>(finish_quotient<Steps>(x, zero));
    }
    _mm512_storeu_si512(codes + i, gather_bytes(c[0], c[1], c[2], c[3]));
  }
  for (; i < count; i += 16) {
    __mmask16 const lanes = first_lanes(count - i);
    __m512 const x = divide(_mm512_maskz_loadu_ps(lanes, values + i), divisor);
    __m512i const c = encode<F, Nan::excluded>(finish_quotient<Steps>(x, zero));
    _mm512_mask_cvtepi32_storeu_epi8(codes + i, lanes, c);
  }
}

}  // namespace qfmt::x86::avx512
QFMT_END_TARGET

QFMT_BEGIN_AVX2
namespace qfmt::x86::avx2 {

/// x / y in the current rounding mode, also where -ffast-math would allow less: the intrinsic is an
/// ordinary division to the compiler.
inline __m256 divide(__m256 x, __m256 y) noexcept {
  __m256 quotient;
  asm("vdivps %2, %1, %0" : "=x"(quotient) : "x"(x), "x"(y));
  return quotient;
}

/// What becomes of a quotient, which is not NaN, before it is encoded.
template <class Steps>
inline __m256 finish_quotient(__m256 quotient, __m256 zero_point) noexcept {
  using Q = typename Steps::Quotient;
  __m256 x = round_number<Q>(quotient);
  if constexpr (Steps::has_zero_point)
    x = round_number<Q>(_mm256_add_ps(x, zero_point));
  if constexpr (Steps::drops_negative_zero) {
    __m256i const bits = _mm256_castps_si256(x);
    __m256i const zero = _mm256_cmpeq_epi32(_mm256_slli_epi32(bits, 1), _mm256_setzero_si256());
    x = _mm256_castsi256_ps(_mm256_andnot_si256(zero, bits));
  }
  return x;
}

/// 32 codes, one to a byte.
template <ByteFormat F, class Steps>
inline __m256i quantize32(float const* values, __m256 divisor, __m256 zero_point) noexcept {
  __m256i c[4];
  for (int k = 0; k < 4; ++k) {
    __m256 const x = divide(_mm256_loadu_ps(values + 8 * k), divisor);
    c[k] = encode<F, Nan::excluded>(finish_quotient<Steps>(x, zero_point));
  }
  return gather_bytes(c[0], c[1], c[2], c[3]);
}

/// Precondition: the values are finite and is_plain_divisor(scale).
template <ByteFormat F, class Steps>
inline void quantize_segment(float const* values, index_t count, float scale, float zero_point,
                             Code<F>* codes) noexcept {
  __m256 const divisor = _mm256_set1_ps(scale);
  __m256 const zero = _mm256_set1_ps(zero_point);
  index_t i = 0;
  for (; i + 32 <= count; i += 32) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes + i),
                        quantize32<F, Steps>(values + i, divisor, zero));
  }
  if (i < count) {
    // The last, partial group goes through memory of its own.
    auto const left = static_cast<size_t>(count - i);
    alignas(32) float padded[32] = {};
    alignas(32) uint8_t last[32];
    __builtin_memcpy(padded, values + i, left * sizeof(float));
    _mm256_store_si256(reinterpret_cast<__m256i*>(last),
                       quantize32<F, Steps>(padded, divisor, zero));
    __builtin_memcpy(static_cast<void*>(codes + i), last, left);
  }
}

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET
#endif
