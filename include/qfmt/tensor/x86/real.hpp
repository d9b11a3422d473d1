// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/shape.hpp>
#include <qfmt/formats/real.hpp>

// Vectors of binary32 from and to memory that holds T: to_float, from_float and round_to
// (formats/real.hpp), the same bits, NaN included. Integer logic, and conversions of the processor
// that carry their own rounding mode and neither flush nor take subnormals for zero: nothing here
// depends on the floating-point environment.

#if defined(QFMT_X86)
#include <immintrin.h>

namespace qfmt::x86 {

/// Whether the values may hold NaN: where they cannot, it is not looked for.
enum class Nan : uint8_t { possible, excluded };

}  // namespace qfmt::x86

QFMT_BEGIN_AVX512
namespace qfmt::x86::avx512 {

/// The first `count` lanes; all of them from 16 on.
inline __mmask16 first_lanes(index_t count) noexcept {
  return static_cast<__mmask16>(count >= 16 ? 0xFFFFu : (1u << count) - 1);
}

inline __mmask16 is_nan(__m512 x) noexcept {
  return _mm512_fpclass_ps_mask(x, 0x81);  // quiet or signaling
}

/// 16 values that start at `from`; lanes outside of `lanes` are not read and give +0. A NaN is that of
/// to_float, or any if it is excluded.
template <Real T, Nan N = Nan::possible>
inline __m512 load(T const* from, __mmask16 lanes) noexcept {
  if constexpr (same_as<T, float>) {
    return _mm512_maskz_loadu_ps(lanes, from);
  } else {
    __m256i const codes = _mm256_maskz_loadu_epi16(lanes, from);
    __m512 x;
    if constexpr (same_as<T, Code<BF16>>) {
      x = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(codes), 16));
    } else {
      x = _mm512_cvtph_ps(codes);
    }
    if constexpr (N == Nan::excluded)
      return x;
    __m512i const quiet = _mm512_set1_epi32(0x7FC00000);
    __m512i const sign = _mm512_set1_epi32(static_cast<int>(0x80000000u));
    __m512i const bits = _mm512_castps_si512(x);
    return _mm512_castsi512_ps(
        _mm512_mask_mov_epi32(bits, is_nan(x), _mm512_ternarylogic_epi32(quiet, bits, sign, 0xF8)));
  }
}

/// from_float<T>: the 16-bit codes.
template <Real T>
inline __m256i narrow(__m512 x) noexcept {
  __m256i codes;
  if constexpr (same_as<T, Code<BF16>>) {
    __m512i const bits = _mm512_castps_si512(x);
    __m512i const odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i const rounded =
        _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
    codes = _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16));
  } else {
    codes = _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  return _mm256_mask_mov_epi16(codes, is_nan(x), _mm256_set1_epi16(0x7FFF));
}

/// Writes from_float<T> of the lanes in `lanes`, and nothing else.
template <Real T>
inline void store(T* to, __m512 x, __mmask16 lanes) noexcept {
  if constexpr (same_as<T, float>) {
    _mm512_mask_storeu_ps(to, lanes, x);
  } else {
    _mm256_mask_storeu_epi16(to, lanes, narrow<T>(x));
  }
}

/// round_to<T> for values that are not NaN.
template <Real T>
inline __m512 round_number(__m512 x) noexcept {
  if constexpr (same_as<T, float>) {
    return x;
  } else if constexpr (same_as<T, Code<BF16>>) {
    __m512i const bits = _mm512_castps_si512(x);
    __m512i const odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i const rounded =
        _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
    return _mm512_castsi512_ps(
        _mm512_and_si512(rounded, _mm512_set1_epi32(static_cast<int>(0xFFFF0000u))));
  } else {
    return _mm512_cvtph_ps(_mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
}

/// to[i] = to_float(from[i]).
template <Nan N, Real T>
inline void widen(T const* from, index_t count, float* to) noexcept {
  index_t i = 0;
  for (; i + 16 <= count; i += 16) _mm512_storeu_ps(to + i, load<T, N>(from + i, 0xFFFF));
  __mmask16 const lanes = first_lanes(count - i);
  _mm512_mask_storeu_ps(to + i, lanes, load<T, N>(from + i, lanes));
}

}  // namespace qfmt::x86::avx512
QFMT_END_TARGET

QFMT_BEGIN_AVX2
namespace qfmt::x86::avx2 {

inline __m256i is_nan(__m256 x) noexcept {
  __m256i const magnitude = _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x7FFFFFFF));
  return _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7F800000));
}

/// 8 values that start at `from`, all of which are read. A NaN is that of to_float, or any if it is
/// excluded.
template <Real T, Nan N = Nan::possible>
inline __m256 load(T const* from) noexcept {
  if constexpr (same_as<T, float>) {
    return _mm256_loadu_ps(from);
  } else {
    __m128i const codes = _mm_loadu_si128(reinterpret_cast<__m128i const*>(from));
    __m256i bits;
    if constexpr (same_as<T, Code<BF16>>) {
      bits = _mm256_slli_epi32(_mm256_cvtepu16_epi32(codes), 16);
    } else {
      bits = _mm256_castps_si256(_mm256_cvtph_ps(codes));
    }
    if constexpr (N == Nan::excluded)
      return _mm256_castsi256_ps(bits);
    __m256i const sign = _mm256_set1_epi32(static_cast<int>(0x80000000u));
    __m256i const quiet =
        _mm256_or_si256(_mm256_and_si256(bits, sign), _mm256_set1_epi32(0x7FC00000));
    __m256i const nan = is_nan(_mm256_castsi256_ps(bits));
    return _mm256_castsi256_ps(_mm256_blendv_epi8(bits, quiet, nan));
  }
}

/// The upper half of each lane's bits, rounded to nearest even, in the lower half: BF16.
inline __m256i round_to_upper_half(__m256 x) noexcept {
  __m256i const bits = _mm256_castps_si256(x);
  __m256i const odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  return _mm256_srli_epi32(_mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF))),
                           16);
}

/// Writes from_float<T> of the 8 lanes.
template <Real T>
inline void store(T* to, __m256 x) noexcept {
  if constexpr (same_as<T, float>) {
    _mm256_storeu_ps(to, x);
  } else {
    __m256i words;
    if constexpr (same_as<T, Code<BF16>>) {
      words = round_to_upper_half(x);
    } else {
      words =
          _mm256_cvtepu16_epi32(_mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
    words = _mm256_blendv_epi8(words, _mm256_set1_epi32(0x7FFF), is_nan(x));
    __m256i const packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(words, words), 0x08);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(packed));
  }
}

/// round_to<T> for values that are not NaN.
template <Real T>
inline __m256 round_number(__m256 x) noexcept {
  if constexpr (same_as<T, float>) {
    return x;
  } else if constexpr (same_as<T, Code<BF16>>) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(round_to_upper_half(x), 16));
  } else {
    return _mm256_cvtph_ps(_mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
}

/// to[i] = to_float(from[i]).
template <Nan N, Real T>
inline void widen(T const* from, index_t count, float* to) noexcept {
  index_t i = 0;
  index_t const whole = count / 8 * 8;
  for (; i < whole; i += 8) _mm256_storeu_ps(to + i, load<T, N>(from + i));
  for (i = whole; i < count; ++i) to[i] = to_float(from[i]);
}

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET
#endif
