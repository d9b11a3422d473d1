// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/packing/pack.hpp>
#include <qfmt/scaling/power_of_two.hpp>
#include <qfmt/scaling/two_level.hpp>
#include <qfmt/tensor/x86/decode.hpp>
#include <qfmt/tensor/x86/pack.hpp>
#include <qfmt/tensor/x86/quantize_segment.hpp>

// What quantize_blocks.hpp does to rows in blocks of 16 or 32, 8 blocks at a time.

#if defined(QFMT_X86)
#include <immintrin.h>

QFMT_BEGIN_AVX2
namespace qfmt::x86::avx2 {

/// Lane i: the largest lane of v[i].
inline __m256i max_of_each(__m256i const (&v)[8]) noexcept {
  __m256i pairs[4];
  for (int i = 0; i < 4; ++i) {
    pairs[i] = _mm256_max_epu32(_mm256_unpacklo_epi32(v[2 * i], v[2 * i + 1]),
                                _mm256_unpackhi_epi32(v[2 * i], v[2 * i + 1]));
  }
  __m256i fours[2];  // each 128-bit part: one candidate for each of four vectors
  for (int i = 0; i < 2; ++i) {
    fours[i] = _mm256_max_epu32(_mm256_unpacklo_epi64(pairs[2 * i], pairs[2 * i + 1]),
                                _mm256_unpackhi_epi64(pairs[2 * i], pairs[2 * i + 1]));
  }
  return _mm256_max_epu32(_mm256_permute2x128_si256(fours[0], fours[1], 0x20),
                          _mm256_permute2x128_si256(fours[0], fours[1], 0x31));
}

/// magnitude_bits of the largest element of each of 8 blocks.
template <index_t Block>
inline __m256i largest_of_blocks(float const* values) noexcept {
  __m256i const mask = _mm256_set1_epi32(0x7FFFFFFF);
  __m256i v[8];
  for (int b = 0; b < 8; ++b) {
    v[b] = _mm256_setzero_si256();
    for (int k = 0; k < Block; k += 8) {
      __m256i const bits = _mm256_castps_si256(_mm256_loadu_ps(values + b * Block + k));
      v[b] = _mm256_max_epu32(v[b], _mm256_and_si256(bits, mask));
    }
  }
  return max_of_each(v);
}

/// Whether every lane is_plain_divisor.
inline bool all_plain_divisors(__m256 x) noexcept {
  __m256i const magnitude = _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x7FFFFFFF));
  __m256i const low = _mm256_cmpgt_epi32(_mm256_set1_epi32(0x00800000), magnitude);
  __m256i const high = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7F7FFFFF));
  return _mm256_testz_si256(_mm256_or_si256(low, high), _mm256_set1_epi32(-1)) != 0;
}

/// The codes of 32 elements, packed.
template <ByteFormat F>
inline void pack32(__m256i codes, uint8_t* bytes) noexcept {
  if constexpr (F::bits == 4) {
    __m256i const pairs = _mm256_maddubs_epi16(codes, _mm256_set1_epi16(0x1001));
    __m256i const packed = _mm256_permute4x64_epi64(_mm256_packus_epi16(pairs, pairs), 0x08);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), _mm256_castsi256_si128(packed));
  } else if constexpr (F::bits == 8) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(bytes), codes);
  } else {
    Code<F> spread[32];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(spread), codes);
    pack_row<F>(spread, 32, bytes, packed_bytes<F>(32));
  }
}

/// How the scales of 8 blocks are found and applied.
template <class Policy, ElementFormat F, Profile N, Real T>
struct BlockScales;

template <ElementFormat F, Profile N, Real T>
struct BlockScales<TwoLevel, F, N, T> {
  __m256 divisors;

  /// False: a divisor is not plain.
  bool fit(__m256i largest, GlobalScale global, Code<UE4M3>* scales) noexcept {
    using Step = typename N::template Step<T>;
    __m256 const encode_scale = _mm256_set1_ps(global.encode_scale);
    __m256 const share =
        round_number<Step>(divide(_mm256_castsi256_ps(largest), _mm256_set1_ps(half_range<F>())));
    __m256i codes = avx2::encode<UE4M3>(_mm256_mul_ps(encode_scale, share));
    constexpr int in_place_of_zero = N::template block_scale<F, T>(0.0f, {1.0f}).bits;
    codes = _mm256_blendv_epi8(codes, _mm256_set1_epi32(in_place_of_zero),
                               _mm256_cmpeq_epi32(codes, _mm256_setzero_si256()));
    __m256i const bytes = gather_bytes(codes, codes, codes, codes);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(scales), _mm256_castsi256_si128(bytes));
    divisors = divide(decode8<UE4M3>(codes), encode_scale);
    return all_plain_divisors(divisors);
  }
  static __m256 apply(__m256 x, float divisor) noexcept {
    return divide(x, _mm256_set1_ps(divisor));
  }
};

template <class Rule, ElementFormat F, Profile N, Real T>
struct BlockScales<PowerOfTwo<Rule>, F, N, T> {
  __m256 divisors;  // their inverses

  bool fit(__m256i largest, NoGlobal, Code<E8M0>* scales) noexcept {
    alignas(32) float amax[8];
    alignas(32) float inverse[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(amax), largest);
    for (int i = 0; i < 8; ++i) {
      scales[i] = PowerOfTwo<Rule>::template fit<F, N, T>({0.0f, amax[i]}).scale;
      inverse[i] = power_of_two(E8M0::bias - scales[i].bits);
    }
    divisors = _mm256_load_ps(inverse);
    return true;
  }
  static __m256 apply(__m256 x, float inverse) noexcept {
    return _mm256_mul_ps(x, _mm256_set1_ps(inverse));
  }
};

/// What quantize_groups does with AVX2.
struct BlockKernel {
  static constexpr index_t blocks_at_a_time = 8;

  template <ByteFormat F, class Policy, Profile N, Real T, index_t Block>
  static bool fit(float const* values, index_t groups, typename Policy::Global global,
                  typename Policy::Stored* scales, float* divisors, bool& plain) noexcept {
    for (index_t g = 0; g < groups; ++g) {
      __m256i const largest = largest_of_blocks<Block>(values + g * 8 * Block);
      __m256i const beyond = _mm256_cmpgt_epi32(largest, _mm256_set1_epi32(0x7F7FFFFF));
      if (_mm256_testz_si256(beyond, beyond) == 0)
        return false;
      BlockScales<Policy, F, N, T> found;
      plain = found.fit(largest, global, scales + g * 8) && plain;
      _mm256_storeu_ps(divisors + g * 8, found.divisors);
    }
    return true;
  }

  template <ByteFormat F, class Policy, Profile N, Real T, index_t Block>
  static void encode(float const* values, index_t count, float const* divisors,
                     uint8_t* bytes) noexcept {
    using Steps = StepsOf<F, Policy, N, T>;
    for (index_t first = 0; first < count; first += 32) {
      __m256i c[4];
      for (int k = 0; k < 4; ++k) {
        index_t const i = first + 8 * k;
        __m256 const x =
            BlockScales<Policy, F, N, T>::apply(_mm256_loadu_ps(values + i), divisors[i / Block]);
        c[k] = avx2::encode<F, Nan::excluded>(finish_quotient<Steps>(x, _mm256_setzero_ps()));
      }
      pack32<F>(gather_bytes(c[0], c[1], c[2], c[3]), bytes + packed_bytes<F>(first));
    }
  }
};

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET
#endif
