// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/packing/pack.hpp>
#include <qfmt/scaling/power_of_two.hpp>
#include <qfmt/scaling/two_level.hpp>
#include <qfmt/tensor/x86/observe.hpp>
#include <qfmt/tensor/x86/pack.hpp>
#include <qfmt/tensor/x86/quantize_segment.hpp>

// A row in blocks of 16 or 32 that share a scale, NVFP4 and the MX formats, quantized in one pass:
// 16 blocks at a time are read, their largest magnitudes found side by side, their scales too, and
// the elements read again, from the first-level cache, and encoded. The same bytes as fitting and
// encoding each block on its own.
//
// A power-of-two scale is not divided by but multiplied by its inverse, which is exact: x / 2^k and
// x * 2^-k are the same real number, rounded once, and 2^-k is a binary32 for every E8M0 scale,
// 2^-127 to 2^127.

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

/// Encodes 16 whole blocks with scales that were found, one value after the other.
template <ElementFormat F, class Policy, Profile N, Real T, index_t Block>
inline void quantize_portably(float const* values, typename Policy::Global global,
                              typename Policy::Stored const* scales, uint8_t* bytes) noexcept {
  constexpr index_t group = 16 * Block;
  Code<F> codes[size_t{group}];
  for (index_t i = 0; i < group; ++i) {
    codes[i] = quantize_value<F, Policy, N, T>(
        values[i], Policy::template prepare<N>(scales[i / Block], global), 0.0f);
  }
  pack<F>(codes, group, bytes, packed_bytes<F>(group));
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
    constexpr int in_place_of_zero = N::template block_scale<F, T>(0.0f, 1.0f).bits;
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

/// The scales of 16 whole blocks and what elements are divided by. False when a value is not finite.
/// `plain` becomes false when a divisor is not.
template <ByteFormat F, class Policy, Profile N, Real T, index_t Block>
inline bool fit_16_blocks(float const* values, typename Policy::Global global,
                          typename Policy::Stored* scales, float* divisors, bool& plain) noexcept {
  __m512i const largest = largest_of_blocks<Block>(values);
  if (_mm512_cmpge_epu32_mask(largest, _mm512_set1_epi32(0x7F800000)) != 0)
    return false;
  BlockScales<Policy, F, N, T> found;
  plain = found.fit(largest, global, scales) && plain;
  _mm512_storeu_ps(divisors, found.divisors);
  return true;
}

template <ByteFormat F, class Policy, Profile N, Real T, index_t Block>
inline void encode_16_blocks(float const* values, float const* divisors, uint8_t* bytes) noexcept {
  using Steps = StepsOf<F, Policy, N, T>;
  for (index_t first = 0; first < 16 * Block; first += 128) {
    __m512i c[8];
    for (int k = 0; k < 8; ++k) {
      index_t const i = first + 16 * k;
      __m512 const x =
          BlockScales<Policy, F, N, T>::apply(_mm512_loadu_ps(values + i), divisors[i / Block]);
      c[k] = encode<F, Nan::excluded>(finish_quotient<Steps>(x, _mm512_setzero_ps()));
    }
    pack128<F>(c, bytes + packed_bytes<F>(first));
  }
}

/// Quantizes groups of 16 whole blocks. All scales of a strip come first: the latencies of their
/// divisions overlap, and the strip is still in the first-level cache when it is encoded.
template <ByteFormat F, class Policy, Profile N, Real T, index_t Block>
inline bool quantize_groups(float const* values, index_t groups, typename Policy::Global global,
                            typename Policy::Stored* scales, uint8_t* bytes) noexcept {
  constexpr index_t group = 16 * Block;
  constexpr index_t strip = 2048 / group;
  for (index_t first = 0; first < groups; first += strip) {
    index_t const here = groups - first < strip ? groups - first : strip;
    alignas(64) float divisors[size_t{16} * strip];
    bool plain = true;
    for (index_t g = 0; g < here; ++g) {
      if (!fit_16_blocks<F, Policy, N, T, Block>(values + (first + g) * group, global,
                                                 scales + (first + g) * 16, divisors + g * 16,
                                                 plain))
        return false;
    }
    for (index_t g = 0; g < here; ++g) {
      float const* const from = values + (first + g) * group;
      uint8_t* const to = bytes + packed_bytes<F>((first + g) * group);
      if (plain) {
        encode_16_blocks<F, Policy, N, T, Block>(from, divisors + g * 16, to);
      } else {
        quantize_portably<F, Policy, N, T, Block>(from, global, scales + (first + g) * 16, to);
      }
    }
  }
  return true;
}

/// Quantizes a row of `count` values in blocks: scales, and packed codes with zeros up to
/// `row_bytes`, the bytes of whole blocks. False, with the output unspecified, when a value is not
/// finite.
template <ByteFormat F, class Policy, Profile N, Real T, index_t Block>
inline bool quantize_blocks(float const* values, index_t count, typename Policy::Global global,
                            typename Policy::Stored* scales, uint8_t* bytes,
                            index_t row_bytes) noexcept {
  constexpr index_t group = 16 * Block;
  index_t const whole = count / group * group;
  if (!quantize_groups<F, Policy, N, T, Block>(values, count / group, global, scales, bytes))
    return false;
  if (whole == count)
    return true;
  // The rest of the row among zeros, in memory of its own.
  float last_values[size_t{group}] = {};
  typename Policy::Stored last_scales[16];
  uint8_t last_bytes[size_t{packed_bytes<F>(group)}];
  __builtin_memcpy(last_values, values + whole, static_cast<size_t>(count - whole) * sizeof(float));
  if (!quantize_groups<F, Policy, N, T, Block>(last_values, 1, global, last_scales, last_bytes))
    return false;
  for (index_t block = 0; block < ceil_div(count - whole, Block); ++block)
    scales[whole / Block + block] = last_scales[block];
  // A zero among a block's padding need not have code 0: 0 / -1 is -0.
  index_t const used_bits = (count - whole) * F::bits;
  index_t const used = packed_bytes<F>(count - whole);
  if (used_bits % 8 != 0)
    last_bytes[used - 1] = static_cast<uint8_t>(last_bytes[used - 1] & ((1 << used_bits % 8) - 1));
  index_t const done = packed_bytes<F>(whole);
  for (index_t i = done; i < row_bytes; ++i)
    bytes[i] = i - done < used ? last_bytes[i - done] : uint8_t{0};
  return true;
}

}  // namespace qfmt::x86::avx512
QFMT_END_TARGET
#endif
