// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/shape.hpp>
#include <qfmt/formats/convert.hpp>
#include <qfmt/formats/real.hpp>
#include <qfmt/tensor/x86/real.hpp>

// encode<F> (formats/convert.hpp; nearest even, saturating) for a vector of binary32: the same
// codes, one to each 32-bit lane, for every format of at most 8 bits that has a zero.
//
// A float format. F's spacing at a magnitude in the binade of 2^e is 2^(e - M), where e is at least
// F's lowest exponent and M its mantissa bits. In binary32 a sum of the order of 2^(e + 23 - M) has
// just that spacing, so that
//
//     sum = magnitude + unit,  unit = 2^(e + 23 - M)
//
// is rounded at F's last bit, and the bits of the sum minus those of the unit are the kept
// significand, hidden bit included. Adding the binade's index gives the code; a carry moves into the
// exponent field by itself. One path for normal and subnormal codes.
//
// None of this depends on the floating-point environment. With AVX-512 the sum carries its rounding
// mode. AVX2 has no such sums, but a rounding to integers that carries its mode: there the magnitude
// is divided by the spacing, exactly, and rounded. Where subnormal sources are taken for zero, they
// give zero, as all of them do. No step is one that -ffast-math may change.

#if defined(QFMT_X86)
#include <immintrin.h>

namespace qfmt::x86 {

/// The formats that vectors encode and decode.
template <class F>
concept ByteFormat = ElementFormat<F> && F::bits <= 8 &&
                     (FloatWithZero<F> || IntegerFormat<F> || CodebookFormat<F>);

/// Constants of the float path.
template <FloatWithZero F>
struct EncodeFacts {
  static constexpr int dropped_bits = 23 - F::mantissa_bits;
  static constexpr int largest = bit_cast<int32_t>(max_value<F>());
  static constexpr int smallest_normal = (127 + F::min_exponent) << 23;
  /// What the binade's index counts from.
  static constexpr int lowest_binade = smallest_normal >> dropped_bits;
  /// Bits of the unit minus bits of 2^e. The unit is 1.5 * 2^(e + 23 - M) less lowest_binade
  /// spacings: the low bits of the sum then count from there. An even number, which leaves ties as
  /// they are; and the sum stays in its binade.
  static constexpr int unit = (dropped_bits << 23) + (1 << 22) - lowest_binade;
  static_assert(lowest_binade % 2 == 0 && lowest_binade < (1 << 22));
};

/// A codebook by rank: the smallest value's code, then what lies above each border.
template <CodebookFormat F>
struct Ranks {
  int32_t border_keys[F::levels - 1];
  int32_t codes[F::levels];
};
template <CodebookFormat F>
inline constexpr Ranks<F> ranks = [] {
  Ranks<F> out{};
  for (int rank = 0; rank < F::levels; ++rank) {
    out.codes[rank] = F::code_of_rank(rank);
    if (rank + 1 < F::levels)
      out.border_keys[rank] = order_key(F::border(rank));
  }
  return out;
}();

}  // namespace qfmt::x86

QFMT_BEGIN_AVX512
namespace qfmt::x86::avx512 {

template <FloatWithZero F, Nan N = Nan::possible>
inline __m512i encode(__m512 x) noexcept {
  using Facts = EncodeFacts<F>;
  __m512i const bits = _mm512_castps_si512(x);
  // The smaller magnitude of the two, without its sign.
  __m512 const clamped = _mm512_range_ps(x, _mm512_set1_ps(max_value<F>()), 0x0A);
  __m512i const binade = _mm512_and_si512(
      _mm512_max_epu32(_mm512_castps_si512(clamped), _mm512_set1_epi32(Facts::smallest_normal)),
      _mm512_set1_epi32(0x7F800000));
  __m512i const unit = _mm512_add_epi32(binade, _mm512_set1_epi32(Facts::unit));
  __m512i const sum = _mm512_castps_si512(_mm512_add_round_ps(
      clamped, _mm512_castsi512_ps(unit), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  __m512i const low_bits = _mm512_add_epi32(sum, _mm512_srli_epi32(binade, Facts::dropped_bits));
  __m512i const magnitude_mask = _mm512_set1_epi32(static_cast<int>(F::magnitude_mask));
  __m512i code;
  if constexpr (F::is_signed) {
    __m512i sign = _mm512_srli_epi32(bits, 32 - F::bits);
    if constexpr (!F::has_negative_zero)
      sign = _mm512_maskz_mov_epi32(_mm512_test_epi32_mask(low_bits, magnitude_mask), sign);
    // magnitude_mask ? low_bits : sign
    code = _mm512_ternarylogic_epi32(magnitude_mask, low_bits, sign, 0xCA);
  } else {
    code = _mm512_and_si512(low_bits, magnitude_mask);
  }
  if constexpr (N == Nan::possible) {
    code = _mm512_mask_mov_epi32(code, is_nan(x), _mm512_set1_epi32(static_cast<int>(F::nan_code)));
  }
  return code;
}

template <IntegerFormat F, Nan N = Nan::possible>
inline __m512i encode(__m512 x) noexcept {
  __m512 const clamped = _mm512_max_ps(_mm512_min_ps(x, _mm512_set1_ps(max_value<F>())),
                                       _mm512_set1_ps(decode(Code<F>{F::from_int(F::min_int)})));
  __m512 const scaled = _mm512_mul_ps(clamped, _mm512_set1_ps(power_of_two(F::spec.fraction_bits)));
  __m512i integer = _mm512_cvt_roundps_epi32(scaled, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  if constexpr (N == Nan::possible)
    integer = _mm512_mask_mov_epi32(integer, is_nan(x), _mm512_set1_epi32(F::max_int));
  return _mm512_and_si512(integer, _mm512_set1_epi32(static_cast<int>(F::code_mask)));
}

template <CodebookFormat F, Nan N = Nan::possible>
inline __m512i encode(__m512 x) noexcept {
  __m512i const bits = _mm512_castps_si512(x);
  __m512i key = _mm512_mask_xor_epi32(bits, _mm512_movepi32_mask(bits), bits,
                                      _mm512_set1_epi32(0x7FFFFFFF));  // order_key
  if constexpr (N == Nan::possible)
    key = _mm512_mask_mov_epi32(key, is_nan(x), _mm512_set1_epi32(0x7FFFFFFF));
  __m512i code = _mm512_set1_epi32(ranks<F>.codes[0]);
  for (int rank = 1; rank < F::levels; ++rank) {
    code = _mm512_mask_mov_epi32(
        code, _mm512_cmpgt_epi32_mask(key, _mm512_set1_epi32(ranks<F>.border_keys[rank - 1])),
        _mm512_set1_epi32(ranks<F>.codes[rank]));
  }
  return code;
}

/// The low bytes of 64 lanes, in order; each lane is at most 255.
inline __m512i gather_bytes(__m512i a, __m512i b, __m512i c, __m512i d) noexcept {
  __m512i const bytes = _mm512_packus_epi16(_mm512_packus_epi32(a, b), _mm512_packus_epi32(c, d));
  // Each 128-bit part now holds four bytes of a, of b, of c and of d.
  return _mm512_permutexvar_epi32(
      _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), bytes);
}

/// codes[i] = encode<F>(to_float(values[i])).
template <ByteFormat F, Real T>
inline void encode_row(T const* values, index_t count, Code<F>* codes) noexcept {
  index_t i = 0;
  for (; i + 64 <= count; i += 64) {
    __m512i const a = encode<F>(load(values + i, 0xFFFF));
    __m512i const b = encode<F>(load(values + i + 16, 0xFFFF));
    __m512i const c = encode<F>(load(values + i + 32, 0xFFFF));
    __m512i const d = encode<F>(load(values + i + 48, 0xFFFF));
    _mm512_storeu_si512(codes + i, gather_bytes(a, b, c, d));
  }
  for (; i < count; i += 16) {
    __mmask16 const lanes = first_lanes(count - i);
    _mm512_mask_cvtepi32_storeu_epi8(codes + i, lanes, encode<F>(load(values + i, lanes)));
  }
}

}  // namespace qfmt::x86::avx512
QFMT_END_TARGET

QFMT_BEGIN_AVX2
namespace qfmt::x86::avx2 {

template <FloatWithZero F, Nan N = Nan::possible>
inline __m256i encode(__m256 x) noexcept {
  using Facts = EncodeFacts<F>;
  __m256i const bits = _mm256_castps_si256(x);
  __m256i const magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7FFFFFFF));
  __m256i const clamped = _mm256_min_epu32(magnitude, _mm256_set1_epi32(Facts::largest));
  __m256i const binade =
      _mm256_and_si256(_mm256_max_epu32(clamped, _mm256_set1_epi32(Facts::smallest_normal)),
                       _mm256_set1_epi32(0x7F800000));
  __m256i const per_spacing =
      _mm256_sub_epi32(_mm256_set1_epi32((254 + F::mantissa_bits) << 23), binade);
  __m256 const steps =
      _mm256_round_ps(_mm256_mul_ps(_mm256_castsi256_ps(clamped), _mm256_castsi256_ps(per_spacing)),
                      _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256i const index = _mm256_sub_epi32(_mm256_srli_epi32(binade, Facts::dropped_bits),
                                         _mm256_set1_epi32(Facts::lowest_binade));
  __m256i code = _mm256_add_epi32(_mm256_cvttps_epi32(steps), index);
  if constexpr (F::is_signed) {
    __m256i sign = _mm256_and_si256(_mm256_srli_epi32(bits, 32 - F::bits),
                                    _mm256_set1_epi32(static_cast<int>(F::sign_mask)));
    if constexpr (!F::has_negative_zero)
      sign = _mm256_andnot_si256(_mm256_cmpeq_epi32(code, _mm256_setzero_si256()), sign);
    code = _mm256_or_si256(code, sign);
  }
  if constexpr (N == Nan::possible) {
    code = _mm256_blendv_epi8(code, _mm256_set1_epi32(static_cast<int>(F::nan_code)), is_nan(x));
  }
  return code;
}

template <IntegerFormat F, Nan N = Nan::possible>
inline __m256i encode(__m256 x) noexcept {
  __m256 const clamped = _mm256_max_ps(_mm256_min_ps(x, _mm256_set1_ps(max_value<F>())),
                                       _mm256_set1_ps(decode(Code<F>{F::from_int(F::min_int)})));
  __m256 const scaled = _mm256_mul_ps(clamped, _mm256_set1_ps(power_of_two(F::spec.fraction_bits)));
  __m256i integer =
      _mm256_cvttps_epi32(_mm256_round_ps(scaled, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  if constexpr (N == Nan::possible)
    integer = _mm256_blendv_epi8(integer, _mm256_set1_epi32(F::max_int), is_nan(x));
  return _mm256_and_si256(integer, _mm256_set1_epi32(static_cast<int>(F::code_mask)));
}

template <CodebookFormat F, Nan N = Nan::possible>
inline __m256i encode(__m256 x) noexcept {
  __m256i const bits = _mm256_castps_si256(x);
  __m256i const negative = _mm256_srai_epi32(bits, 31);
  __m256i key = _mm256_xor_si256(bits, _mm256_srli_epi32(negative, 1));  // order_key
  if constexpr (N == Nan::possible)
    key = _mm256_blendv_epi8(key, _mm256_set1_epi32(0x7FFFFFFF), is_nan(x));
  __m256i code = _mm256_set1_epi32(ranks<F>.codes[0]);
  for (int rank = 1; rank < F::levels; ++rank) {
    code = _mm256_blendv_epi8(
        code, _mm256_set1_epi32(ranks<F>.codes[rank]),
        _mm256_cmpgt_epi32(key, _mm256_set1_epi32(ranks<F>.border_keys[rank - 1])));
  }
  return code;
}

/// The low bytes of 32 lanes, in order; each lane is at most 255.
inline __m256i gather_bytes(__m256i a, __m256i b, __m256i c, __m256i d) noexcept {
  __m256i const bytes = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
  return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/// codes[i] = encode<F>(to_float(values[i])).
template <ByteFormat F, Real T>
inline void encode_row(T const* values, index_t count, Code<F>* codes) noexcept {
  index_t i = 0;
  index_t const whole = count / 32 * 32;
  for (; i < whole; i += 32) {
    __m256i const a = encode<F>(load(values + i));
    __m256i const b = encode<F>(load(values + i + 8));
    __m256i const c = encode<F>(load(values + i + 16));
    __m256i const d = encode<F>(load(values + i + 24));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes + i), gather_bytes(a, b, c, d));
  }
  for (i = whole; i < count; ++i) codes[i] = qfmt::encode<F>(to_float(values[i]));
}

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET
#endif
