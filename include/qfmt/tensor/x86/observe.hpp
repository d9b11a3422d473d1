// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/tensor/x86/real.hpp>

// What AbsMax and MinMax (observers/) find in a row: extremes of integers that order like magnitudes
// or like values. A NaN is above every number, so it is never lost; nothing depends on the
// floating-point environment.

#if defined(QFMT_X86)
#include <immintrin.h>

namespace qfmt::x86 {

/// magnitude_bits of to_float of a value of T, from those of any NaN: in 16 bits, all NaN are one.
template <Real T>
constexpr uint32_t with_one_nan(uint32_t magnitude) noexcept {
  return !same_as<T, float> && magnitude > 0x7F800000u ? 0x7FC00000u : magnitude;
}

/// The smallest and the largest order_key (core/bit.hpp) of a row.
struct KeyRange {
  int32_t low = 0x7FFFFFFF;
  int32_t high = -0x7FFFFFFF - 1;
};

}  // namespace qfmt::x86

QFMT_BEGIN_AVX512
namespace qfmt::x86::avx512 {

/// |x| as integers.
inline __m512i magnitudes(__m512 x) noexcept {
  return _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7FFFFFFF));
}

/// order_key in each lane.
inline __m512i order_keys(__m512 x) noexcept {
  __m512i const bits = _mm512_castps_si512(x);
  return _mm512_mask_xor_epi32(bits, _mm512_movepi32_mask(bits), bits,
                               _mm512_set1_epi32(0x7FFFFFFF));
}

/// The largest magnitude_bits of the values.
template <Real T>
inline uint32_t amax_bits(T const* values, index_t count) noexcept {
  __m512i a = _mm512_setzero_si512();
  __m512i b = a;
  index_t i = 0;
  for (; i + 32 <= count; i += 32) {
    a = _mm512_max_epu32(a, magnitudes(load<T, Nan::excluded>(values + i, 0xFFFF)));
    b = _mm512_max_epu32(b, magnitudes(load<T, Nan::excluded>(values + i + 16, 0xFFFF)));
  }
  for (; i < count; i += 16)
    a = _mm512_max_epu32(a, magnitudes(load<T, Nan::excluded>(values + i, first_lanes(count - i))));
  return with_one_nan<T>(_mm512_reduce_max_epu32(_mm512_max_epu32(a, b)));
}

inline KeyRange key_range(float const* values, index_t count) noexcept {
  __m512i low = _mm512_set1_epi32(KeyRange{}.low);
  __m512i high = _mm512_set1_epi32(KeyRange{}.high);
  for (index_t i = 0; i < count; i += 16) {
    __mmask16 const lanes = first_lanes(count - i);
    __m512i const keys = order_keys(load(values + i, lanes));
    low = _mm512_mask_min_epi32(low, lanes, low, keys);
    high = _mm512_mask_max_epi32(high, lanes, high, keys);
  }
  return {_mm512_reduce_min_epi32(low), _mm512_reduce_max_epi32(high)};
}

}  // namespace qfmt::x86::avx512
QFMT_END_TARGET

QFMT_BEGIN_AVX2
namespace qfmt::x86::avx2 {

/// The largest magnitude_bits of the values.
template <Real T>
inline uint32_t amax_bits(T const* values, index_t count) noexcept {
  __m256i largest = _mm256_setzero_si256();
  __m256i const mask = _mm256_set1_epi32(0x7FFFFFFF);
  index_t i = 0;
  index_t const whole = count / 8 * 8;
  for (; i < whole; i += 8) {
    __m256i const bits = _mm256_castps_si256(load<T, Nan::excluded>(values + i));
    largest = _mm256_max_epu32(largest, _mm256_and_si256(bits, mask));
  }
  alignas(32) uint32_t lanes[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), largest);
  uint32_t out = 0;
  for (uint32_t const lane : lanes) out = lane > out ? lane : out;
  for (i = whole; i < count; ++i) {
    uint32_t const bits = magnitude_bits(to_float(values[i]));
    out = bits > out ? bits : out;
  }
  return with_one_nan<T>(out);
}

inline KeyRange key_range(float const* values, index_t count) noexcept {
  __m256i low = _mm256_set1_epi32(KeyRange{}.low);
  __m256i high = _mm256_set1_epi32(KeyRange{}.high);
  index_t i = 0;
  index_t const whole = count / 8 * 8;
  for (; i < whole; i += 8) {
    __m256i const bits = _mm256_castps_si256(_mm256_loadu_ps(values + i));
    __m256i const keys = _mm256_xor_si256(bits, _mm256_srli_epi32(_mm256_srai_epi32(bits, 31), 1));
    low = _mm256_min_epi32(low, keys);
    high = _mm256_max_epi32(high, keys);
  }
  alignas(32) int32_t lows[8];
  alignas(32) int32_t highs[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lows), low);
  _mm256_store_si256(reinterpret_cast<__m256i*>(highs), high);
  KeyRange out;
  for (int k = 0; k < 8; ++k) {
    out.low = lows[k] < out.low ? lows[k] : out.low;
    out.high = highs[k] > out.high ? highs[k] : out.high;
  }
  for (i = whole; i < count; ++i) {
    int32_t const key = order_key(values[i]);
    out.low = key < out.low ? key : out.low;
    out.high = key > out.high ? key : out.high;
  }
  return out;
}

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET
#endif
