// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/tensor/x86/encode.hpp>
#include <qfmt/tensor/x86/pack.hpp>

// decode<F> (formats/convert.hpp) for vectors of codes: the same bits, NaN included. With AVX-512 by
// permuting tables, with AVX2 by arithmetic on the fields. No value is subnormal in binary32 and
// every result is exact, so nothing depends on the floating-point environment.

#if defined(QFMT_X86)
#include <immintrin.h>

namespace qfmt::x86 {

/// decode<F> of every code as the two bytes of its upper half. The lower half is zero, except in
/// codebooks: a number of 8 bits has no more significant bits than BF16.
template <ByteFormat F>
struct alignas(64) UpperHalves {
  uint8_t high[256];
  uint8_t low[256];
};
template <ByteFormat F>
inline constexpr UpperHalves<F> upper_halves = [] {
  UpperHalves<F> out{};
  for (uint32_t code = 0; code < 256; ++code) {
    uint32_t const masked = code & ((1u << F::bits) - 1);
    float const value = decode(Code<F>{static_cast<uint8_t>(masked)});
    out.high[code] = static_cast<uint8_t>(bit_cast<uint32_t>(value) >> 24);
    out.low[code] = static_cast<uint8_t>(bit_cast<uint32_t>(value) >> 16);
  }
  return out;
}();

/// The values of a format of at most four bits, by code, over and over.
template <ByteFormat F>
struct alignas(64) Sixteen {
  float values[16];
};
template <ByteFormat F>
inline constexpr Sixteen<F> sixteen = [] {
  Sixteen<F> out{};
  for (uint32_t code = 0; code < 16; ++code) {
    out.values[code] = decode(Code<F>{static_cast<uint8_t>(code & ((1u << F::bits) - 1))});
  }
  return out;
}();

}  // namespace qfmt::x86

QFMT_BEGIN_AVX512
namespace qfmt::x86::avx512 {

/// Four vectors: 64 values in order.
struct Values64 {
  __m512 part[4];
};

/// Sorts 64 bytes so that unpacking them twice within 128-bit parts brings them back in order.
struct alignas(64) Unpackable {
  uint8_t from[64];
};
inline constexpr Unpackable unpackable = [] {
  Unpackable out{};
  for (uint32_t i = 0; i < 64; ++i)
    out.from[i] = static_cast<uint8_t>(i % 16 / 4 * 16 + i / 16 * 4 + i % 4);
  return out;
}();

/// Looks 64 codes up in a table of bytes. Codes are below 2^Bits.
template <int Bits>
inline __m512i look_up(__m512i codes, uint8_t const* table) noexcept {
  __m512i const first = _mm512_load_si512(table);
  if constexpr (Bits <= 6) {
    return _mm512_permutexvar_epi8(codes, first);
  } else {
    __m512i const lower = _mm512_permutex2var_epi8(first, codes, _mm512_load_si512(table + 64));
    if constexpr (Bits == 7)
      return lower;
    __m512i const upper = _mm512_permutex2var_epi8(_mm512_load_si512(table + 128), codes,
                                                   _mm512_load_si512(table + 192));
    return _mm512_mask_mov_epi8(lower, _mm512_movepi8_mask(codes), upper);
  }
}

/// decode<F> of 64 codes, one to a byte.
template <ByteFormat F>
inline Values64 decode64(__m512i codes) noexcept {
  Values64 out;
  __m128i const parts[4] = {_mm512_castsi512_si128(codes), _mm512_extracti32x4_epi32(codes, 1),
                            _mm512_extracti32x4_epi32(codes, 2),
                            _mm512_extracti32x4_epi32(codes, 3)};
  if constexpr (F::bits <= 4) {
    __m512 const table = _mm512_load_ps(sixteen<F>.values);
    for (int i = 0; i < 4; ++i)
      out.part[i] = _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(parts[i]), table);
  } else if constexpr (IntegerFormat<F> && F::bits == 8) {
    for (int i = 0; i < 4; ++i) {
      __m512i const integers =
          F::is_signed ? _mm512_cvtepi8_epi32(parts[i]) : _mm512_cvtepu8_epi32(parts[i]);
      out.part[i] = _mm512_mul_ps(_mm512_cvtepi32_ps(integers),
                                  _mm512_set1_ps(power_of_two(-F::spec.fraction_bits)));
    }
  } else {
    codes = _mm512_permutexvar_epi8(_mm512_load_si512(unpackable.from), codes);
    // With a sign in bit 7, the table of the magnitudes is enough; but FNUZ has NaN at -0.
    constexpr bool by_magnitude = F::bits == 8 && F::is_signed;
    constexpr int index_bits = by_magnitude ? 7 : F::bits;
    __m512i high = look_up<index_bits>(codes, upper_halves<F>.high);
    __m512i low = look_up<index_bits>(codes, upper_halves<F>.low);
    if constexpr (by_magnitude) {
      __m512i const sign = _mm512_set1_epi8(static_cast<char>(0x80));
      if constexpr (!F::has_negative_zero) {
        __mmask64 const nan = _mm512_cmpeq_epi8_mask(codes, sign);
        high = _mm512_mask_mov_epi8(_mm512_ternarylogic_epi32(high, codes, sign, 0xF8), nan,
                                    _mm512_set1_epi8(0x7F));
        low = _mm512_mask_mov_epi8(low, nan, _mm512_set1_epi8(static_cast<char>(0xC0)));
      } else {
        high = _mm512_ternarylogic_epi32(high, codes, sign, 0xF8);  // high | (codes & sign)
      }
    }
    __m512i const zero = _mm512_setzero_si512();
    __m512i const words[2] = {_mm512_unpacklo_epi8(low, high), _mm512_unpackhi_epi8(low, high)};
    for (int i = 0; i < 2; ++i) {
      out.part[2 * i] = _mm512_castsi512_ps(_mm512_unpacklo_epi16(zero, words[i]));
      out.part[2 * i + 1] = _mm512_castsi512_ps(_mm512_unpackhi_epi16(zero, words[i]));
    }
  }
  return out;
}

/// The 16 nibbles of 8 bytes, one to each 32-bit lane in its low bits; above them is something else,
/// which vpermps ignores.
inline __m512i spread_nibbles(uint8_t const* bytes) noexcept {
  long long eight = 0;
  __builtin_memcpy(&eight, bytes, 8);
  // The byte of dword lane i selects the bits from 4 * i on.
  __m512i const bit =
      _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60);
  return _mm512_multishift_epi64_epi8(bit, _mm512_set1_epi64(eight));
}

/// values[i] = from_float<T>(decode(codes[i])).
template <ByteFormat F, Real T>
inline void decode_row(Code<F> const* codes, index_t count, T* values) noexcept {
  index_t i = 0;
  for (; i + 64 <= count; i += 64) {
    Values64 const x = decode64<F>(_mm512_loadu_si512(codes + i));
    for (int k = 0; k < 4; ++k) store(values + i + 16 * k, x.part[k], 0xFFFF);
  }
  if (i < count) {
    index_t const left = count - i;
    Values64 const x = decode64<F>(_mm512_maskz_loadu_epi8((__mmask64{1} << left) - 1, codes + i));
    for (int k = 0; k < 4 && 16 * k < left; ++k)
      store(values + i + 16 * k, x.part[k], first_lanes(left - 16 * k));
  }
}

}  // namespace qfmt::x86::avx512
QFMT_END_TARGET

QFMT_BEGIN_AVX2
namespace qfmt::x86::avx2 {

/// decode<F> of 8 codes, one to each 32-bit lane.
template <FloatWithZero F>
inline __m256 decode8(__m256i codes) noexcept {
  __m256i const magnitude =
      _mm256_and_si256(codes, _mm256_set1_epi32(static_cast<int>(F::magnitude_mask)));
  __m256i const normal = _mm256_add_epi32(_mm256_slli_epi32(magnitude, 23 - F::mantissa_bits),
                                          _mm256_set1_epi32((127 - F::bias) << 23));
  __m256 const subnormal =
      _mm256_mul_ps(_mm256_cvtepi32_ps(magnitude),
                    _mm256_set1_ps(power_of_two(F::min_exponent - F::mantissa_bits)));
  __m256i const is_normal =
      _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32((1 << F::mantissa_bits) - 1));
  __m256i bits = _mm256_blendv_epi8(_mm256_castps_si256(subnormal), normal, is_normal);
  if constexpr (F::spec.specials == Specials::nan || F::spec.specials == Specials::ieee) {
    __m256i const special =
        _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(static_cast<int>(F::max_code)));
    bits = _mm256_blendv_epi8(bits, _mm256_set1_epi32(0x7FC00000), special);
    if constexpr (F::has_infinity) {
      __m256i const infinite =
          _mm256_cmpeq_epi32(magnitude, _mm256_set1_epi32(static_cast<int>(F::overflow_code)));
      bits = _mm256_blendv_epi8(bits, _mm256_set1_epi32(0x7F800000), infinite);
    }
  }
  if constexpr (F::is_signed) {
    __m256i const sign = _mm256_slli_epi32(codes, 32 - F::bits);
    bits = _mm256_or_si256(
        bits, _mm256_and_si256(sign, _mm256_set1_epi32(static_cast<int>(0x80000000u))));
  }
  if constexpr (F::spec.specials == Specials::fnuz) {
    __m256i const nan = _mm256_cmpeq_epi32(codes, _mm256_set1_epi32(static_cast<int>(F::nan_code)));
    bits = _mm256_blendv_epi8(bits, _mm256_set1_epi32(0x7FC00000), nan);
  }
  return _mm256_castsi256_ps(bits);
}

template <IntegerFormat F>
inline __m256 decode8(__m256i codes) noexcept {
  __m256i integers = codes;
  if constexpr (F::is_signed)
    integers = _mm256_srai_epi32(_mm256_slli_epi32(codes, 32 - F::bits), 32 - F::bits);
  return _mm256_mul_ps(_mm256_cvtepi32_ps(integers),
                       _mm256_set1_ps(power_of_two(-F::spec.fraction_bits)));
}

template <CodebookFormat F>
inline __m256 decode8(__m256i codes) noexcept {
  __m256 const lower = _mm256_permutevar8x32_ps(_mm256_load_ps(sixteen<F>.values), codes);
  __m256 const upper = _mm256_permutevar8x32_ps(_mm256_load_ps(sixteen<F>.values + 8), codes);
  __m256i const is_upper = _mm256_cmpgt_epi32(codes, _mm256_set1_epi32(7));
  return _mm256_blendv_ps(lower, upper, _mm256_castsi256_ps(is_upper));
}

/// values[i] = from_float<T>(decode(codes[i])).
template <ByteFormat F, Real T>
inline void decode_row(Code<F> const* codes, index_t count, T* values) noexcept {
  index_t i = 0;
  index_t const whole = count / 8 * 8;
  for (; i < whole; i += 8) {
    __m128i const eight = _mm_loadl_epi64(reinterpret_cast<__m128i const*>(codes + i));
    store(values + i, decode8<F>(_mm256_cvtepu8_epi32(eight)));
  }
  for (i = whole; i < count; ++i) values[i] = from_float<T>(decode(codes[i]));
}

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET
#endif
