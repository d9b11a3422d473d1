// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/packing/pack.hpp>
#include <qfmt/scaling/power_of_two.hpp>
#include <qfmt/scaling/two_level.hpp>
#include <qfmt/tensor/x86/observe.hpp>
#include <qfmt/tensor/x86/pack.hpp>
#include <qfmt/tensor/x86/quantize_segment.hpp>

// What quantize_blocks.hpp does to rows in blocks of 16 or 32, 16 blocks at a time.

#if defined(QFMT_X86)
#include <immintrin.h>

QFMT_BEGIN_AVX512
namespace qfmt::x86::avx512 {

/// Lane i: the largest lane of part[i].
struct Vectors16 {
  __m512i part[16];
};
inline __m512i max_of_each(Vectors16 const& v) noexcept {
  __m512i pairs[8];
  for (int i = 0; i < 8; ++i) {
    __m512i const a = v.part[2 * i];
    __m512i const b = v.part[2 * i + 1];
    pairs[i] = _mm512_max_epu32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
  }
  __m512i fours[4];  // each 128-bit part: one candidate for each of four vectors
  for (int i = 0; i < 4; ++i) {
    __m512i const a = pairs[2 * i];
    __m512i const b = pairs[2 * i + 1];
    fours[i] = _mm512_max_epu32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
  }
  __m512i eights[2];
  for (int i = 0; i < 2; ++i) {
    __m512i const a = fours[2 * i];
    __m512i const b = fours[2 * i + 1];
    eights[i] =
        _mm512_max_epu32(_mm512_shuffle_i32x4(a, b, 0x44), _mm512_shuffle_i32x4(a, b, 0xEE));
  }
  return _mm512_max_epu32(_mm512_shuffle_i32x4(eights[0], eights[1], 0x88),
                          _mm512_shuffle_i32x4(eights[0], eights[1], 0xDD));
}

/// magnitude_bits of the largest element of each of 16 blocks.
template <index_t Block>
inline __m512i largest_of_blocks(float const* values) noexcept {
  Vectors16 v;
  for (int b = 0; b < 16; ++b) {
    v.part[b] = magnitudes(_mm512_loadu_ps(values + b * Block));
    for (int k = 16; k < Block; k += 16) {
      v.part[b] = _mm512_max_epu32(v.part[b], magnitudes(_mm512_loadu_ps(values + b * Block + k)));
    }
  }
  return max_of_each(v);
}

/// The codes of 128 elements, packed.
template <ByteFormat F>
inline void pack128(__m512i const (&c)[8], uint8_t* bytes) noexcept {
  if constexpr (F::bits == 4) {
    __m512i const weights = _mm512_set1_epi16(0x1001);  // low code + 16 * high code
    __m512i const low = _mm512_maddubs_epi16(
        _mm512_packus_epi16(_mm512_packus_epi32(c[0], c[1]), _mm512_packus_epi32(c[2], c[3])),
        weights);
    __m512i const high = _mm512_maddubs_epi16(
        _mm512_packus_epi16(_mm512_packus_epi32(c[4], c[5]), _mm512_packus_epi32(c[6], c[7])),
        weights);
    // Each 128-bit part now holds two bytes of each of the eight vectors.
    __m512i const order =
        _mm512_set_epi16(31, 23, 15, 7, 30, 22, 14, 6, 29, 21, 13, 5, 28, 20, 12, 4,  //
                         27, 19, 11, 3, 26, 18, 10, 2, 25, 17, 9, 1, 24, 16, 8, 0);
    _mm512_storeu_si512(bytes, _mm512_permutexvar_epi16(order, _mm512_packus_epi16(low, high)));
  } else if constexpr (F::bits == 8) {
    _mm512_storeu_si512(bytes, gather_bytes(c[0], c[1], c[2], c[3]));
    _mm512_storeu_si512(bytes + 64, gather_bytes(c[4], c[5], c[6], c[7]));
  } else {
    Code<F> codes[128];
    _mm512_storeu_si512(codes, gather_bytes(c[0], c[1], c[2], c[3]));
    _mm512_storeu_si512(codes + 64, gather_bytes(c[4], c[5], c[6], c[7]));
    avx2::pack_row<F>(codes, 128, bytes, packed_bytes<F>(128));
  }
}

/// Whether every lane is_plain_divisor.
inline bool all_plain_divisors(__m512 x) noexcept {
  __m512i const from_one = _mm512_sub_epi32(magnitudes(x), _mm512_set1_epi32(0x00800000));
  return _mm512_cmplt_epu32_mask(from_one, _mm512_set1_epi32(0x7F000000)) == 0xFFFF;
}

/// How the scales of 16 blocks are found and applied.
template <class Policy, ElementFormat F, Profile N, Real T>
struct BlockScales;

template <ElementFormat F, Profile N, Real T>
struct BlockScales<TwoLevel, F, N, T> {
  __m512 divisors;

  /// False: a divisor is not plain.
  bool fit(__m512i largest, GlobalScale global, Code<UE4M3>* scales) noexcept {
    using Step = typename N::template Step<T>;
    __m512 const encode_scale = _mm512_set1_ps(global.encode_scale);
    __m512 const share =
        round_number<Step>(divide(_mm512_castsi512_ps(largest), _mm512_set1_ps(half_range<F>())));
    __m512i codes = encode<UE4M3>(_mm512_mul_ps(encode_scale, share));
    constexpr int in_place_of_zero = N::template block_scale<F, T>(0.0f, {1.0f}).bits;
    codes = _mm512_mask_mov_epi32(codes, _mm512_testn_epi32_mask(codes, codes),
                                  _mm512_set1_epi32(in_place_of_zero));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(scales), _mm512_cvtepi32_epi8(codes));
    // decode<UE4M3> of a code that is not zero; NaN, 0x7F, must not become 480.
    __m512i const normal = _mm512_add_epi32(_mm512_slli_epi32(codes, 20),
                                            _mm512_set1_epi32((127 - UE4M3::bias) << 23));
    __m512 const subnormal =
        _mm512_mul_ps(_mm512_cvtepi32_ps(codes), _mm512_set1_ps(power_of_two(-9)));
    __m512 const block_scale =
        _mm512_mask_mov_ps(_mm512_castsi512_ps(normal),
                           _mm512_cmplt_epi32_mask(codes, _mm512_set1_epi32(8)), subnormal);
    divisors = divide(block_scale, encode_scale);
    __mmask16 const nan = _mm512_cmpeq_epi32_mask(codes, _mm512_set1_epi32(UE4M3::nan_code));
    return nan == 0 && all_plain_divisors(divisors);
  }
  static __m512 apply(__m512 x, float divisor) noexcept {
    return divide(x, _mm512_set1_ps(divisor));
  }
};

template <class Rule, ElementFormat F, Profile N, Real T>
struct BlockScales<PowerOfTwo<Rule>, F, N, T> {
  __m512 divisors;  // their inverses

  bool fit(__m512i largest, NoGlobal, Code<E8M0>* scales) noexcept {
    alignas(64) float amax[16];
    alignas(64) float inverse[16];
    _mm512_store_si512(amax, largest);
    for (int i = 0; i < 16; ++i) {
      scales[i] = PowerOfTwo<Rule>::template fit<F, N, T>({0.0f, amax[i]}).scale;
      inverse[i] = power_of_two(E8M0::bias - scales[i].bits);
    }
    divisors = _mm512_load_ps(inverse);
    return true;
  }
  static __m512 apply(__m512 x, float inverse) noexcept {
    return _mm512_mul_ps(x, _mm512_set1_ps(inverse));
  }
};

/// What quantize_groups does with AVX-512.
struct BlockKernel {
  static constexpr index_t blocks_at_a_time = 16;

  /// The scales of whole groups of 16 blocks, and what elements are divided by. False when a value is
  /// not finite. `plain` becomes false when a divisor is not.
  template <ByteFormat F, class Policy, Profile N, Real T, index_t Block>
  static bool fit(float const* values, index_t groups, typename Policy::Global global,
                  typename Policy::Stored* scales, float* divisors, bool& plain) noexcept {
    for (index_t g = 0; g < groups; ++g) {
      __m512i const largest = largest_of_blocks<Block>(values + g * 16 * Block);
      if (_mm512_cmpge_epu32_mask(largest, _mm512_set1_epi32(0x7F800000)) != 0)
        return false;
      BlockScales<Policy, F, N, T> found;
      plain = found.fit(largest, global, scales + g * 16) && plain;
      _mm512_storeu_ps(divisors + g * 16, found.divisors);
    }
    return true;
  }

  template <ByteFormat F, class Policy, Profile N, Real T, index_t Block>
  static void encode(float const* values, index_t count, float const* divisors,
                     uint8_t* bytes) noexcept {
    using Steps = StepsOf<F, Policy, N, T>;
    for (index_t first = 0; first < count; first += 128) {
      __m512i c[8];
      for (int k = 0; k < 8; ++k) {
        index_t const i = first + 16 * k;
        __m512 const x =
            BlockScales<Policy, F, N, T>::apply(_mm512_loadu_ps(values + i), divisors[i / Block]);
        c[k] = avx512::encode<F, Nan::excluded>(finish_quotient<Steps>(x, _mm512_setzero_ps()));
      }
      pack128<F>(c, bytes + packed_bytes<F>(first));
    }
  }
};

}  // namespace qfmt::x86::avx512
QFMT_END_TARGET
#endif
