// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/digits.hpp>

#if defined(QFMT_X86)
#include <cstring>
#include <immintrin.h>

// The product of a panel of 16 weight rows with a tile of tokens, on AVX2: the same panels, digits
// and blocks as with VNNI, summed in the same order, hence the same bits. A vector holds 8 rows,
// and what VNNI does in one instruction takes three:
//
//     8 bytes unsigned x 8 bytes signed      -> pairs in 16 bits, which must not overflow
//     pairs of pairs                         -> 32 bits
//
// Weights of 8 bits would overflow: see avx2_words.hpp.

QFMT_BEGIN_AVX2
namespace qfmt::x86::avx2 {

/// Scales of 8 rows in binary32, those of UE4M3 times 2^-120; see the AVX-512 kernel.
template <class Stored>
[[nodiscard]] inline __m256 load_scales(uint8_t const* from) noexcept {
  if constexpr (sizeof(Stored) == 1) {
    __m256i const bytes =
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<__m128i const*>(from)));
    return _mm256_castsi256_ps(_mm256_slli_epi32(bytes, same_as<Stored, Code<UE4M3>> ? 20 : 23));
  } else if constexpr (sizeof(Stored) == 2) {
    __m128i const words = _mm_load_si128(reinterpret_cast<__m128i const*>(from));
    if constexpr (same_as<Stored, Code<BF16>>) {
      return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(words), 16));
    } else {
      return _mm256_cvtph_ps(words);
    }
  } else {
    return _mm256_load_ps(reinterpret_cast<float const*>(from));
  }
}

[[nodiscard]] inline __m256i broadcast(uint8_t const* from) noexcept {
  int32_t four;
  std::memcpy(&four, from, sizeof four);
  return _mm256_set1_epi32(four);
}

/// Blocks [first, first + count) of a panel, decoded; see decoded_bytes. A line is two vectors: the
/// first 8 rows and the last.
template <class S>
void decode_blocks(uint8_t const* panel, index_t padded, index_t first, index_t count,
                   uint8_t* to) noexcept {
  using W = IntegerWeights<S>;
  constexpr PanelLayout map = W::map;
  constexpr bool one_group = S::Granularity::cols == whole;
  constexpr index_t quads = W::block / PanelLayout::quad;
  constexpr index_t half = PanelLayout::lanes / 2;
  index_t const blocks_of_group = (one_group ? padded : map.group) / W::block;
  __m256i const nibble = _mm256_set1_epi8(15);
  __m256i const table = _mm256_broadcastsi128_si256(
      _mm_loadu_si128(reinterpret_cast<__m128i const*>(W::table.data())));
  for (index_t b = first; b < first + count; ++b, to += decoded_bytes(W::block)) {
    index_t const group = b / blocks_of_group;
    index_t const in_strip = group % map.groups;
    uint8_t const* const strip = panel + (one_group ? 0 : group / map.groups * map.strip_bytes());
    uint8_t const* const codes =
        strip + map.codes_at() + in_strip * map.group_bytes() * (one_group ? 0 : 1) +
        b % blocks_of_group * (PanelLayout::lanes * W::block * map.code_bits / 8);
    for (index_t h = 0; h < 2; ++h) {
      auto* const out = reinterpret_cast<__m256i*>(to) + h;
      _mm256_store_ps(
          reinterpret_cast<float*>(out),
          load_scales<typename S::Stored>(strip + (2 * in_strip + h) * half * map.scale_bytes));
      __m256i zero_points{};
      if constexpr (S::has_zero_point) {
        __m256i const rows = _mm256_cvtepi16_epi32(_mm_load_si128(reinterpret_cast<__m128i const*>(
            strip + map.zero_points_at() + (2 * in_strip + h) * half * map.zero_point_bytes)));
        zero_points = _mm256_mullo_epi32(_mm256_and_si256(rows, _mm256_set1_epi32(0xFF)),
                                         _mm256_set1_epi32(0x01010101));
      }
      for (index_t i = 0; i < quads; ++i) {
        __m256i quad;
        if constexpr (map.code_bits == 8) {
          quad = _mm256_load_si256(reinterpret_cast<__m256i const*>(codes) + 2 * i + h);
        } else {
          __m256i const line =
              _mm256_load_si256(reinterpret_cast<__m256i const*>(codes) + i / 2 * 2 + h);
          quad = _mm256_shuffle_epi8(
              table, _mm256_and_si256(i % 2 == 0 ? line : _mm256_srli_epi16(line, 4), nibble));
        }
        _mm256_store_si256(out + 2 * (i + 1), _mm256_sub_epi8(quad, zero_points));
      }
    }
  }
}

/// sum + a block of half the rows times one slice of digits of a token. `QuadsOfASum` quads have
/// products that fit 16 bits together.
template <int Quads, int QuadsOfASum>
[[nodiscard]] inline __m256i plus_products(__m256i sum, __m256i const* quad,
                                           uint8_t const* digits) noexcept {
  static_assert(QuadsOfASum > 0);
  __m256i const ones = _mm256_set1_epi16(1);
  for (int first = 0; first < Quads; first += QuadsOfASum) {
    __m256i pairs = _mm256_setzero_si256();
    for (int i = first; i < Quads && i < first + QuadsOfASum; ++i)
      pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(quad[i], broadcast(digits + 4 * i)));
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
  }
  return sum;
}

/// A block of half the rows times the integers of a token; how slices combine is said at the
/// AVX-512 kernel.
template <int Quads, int Slices, int QuadsOfASum>
[[nodiscard]] inline __m256 times(__m256i const* quad, uint8_t const* token) noexcept {
  constexpr index_t slice = Quads * PanelLayout::quad;
  constexpr int last = Slices - 1;
  uint8_t const* const seeds = token + Slices * slice;
  __m256i sum = plus_products<Quads, QuadsOfASum>(broadcast(seeds), quad, token);
  [[maybe_unused]] __m256 const high = _mm256_cvtepi32_ps(sum);
  if constexpr (Slices == 3)
    sum = plus_products<Quads, QuadsOfASum>(broadcast(seeds + 4), quad, token + slice);
  if constexpr (Slices > 1) {
    sum = _mm256_add_epi32(_mm256_slli_epi32(sum, 8),
                           _mm256_srli_epi32(broadcast(seeds + 4 * last), 24));
    sum = plus_products<Quads, QuadsOfASum>(sum, quad, token + last * slice);
  }
  __m256 const total = _mm256_cvtepi32_ps(sum);
  if constexpr (Slices == 3) {
    return _mm256_fmadd_ps(high, _mm256_set1_ps(65536.0f), total);
  } else {
    return total;
  }
}

/// sums[t][r] += sum over k of x(t, k) * w(r, k), for `Tokens` tokens (see DigitLayout) and the 16
/// rows of decoded blocks of `Columns` columns in runs of `Length`, whose integers reach `Largest`.
/// Four tokens at a time: there are 16 registers. Meanwhile a line of `next` for each block comes
/// into the cache.
template <index_t Columns, index_t Length, int Slices, int Tokens, int Largest, bool Scaled = false>
void multiply_decoded(uint8_t const* decoded, index_t blocks, uint8_t const* x, float* sums,
                      uint8_t const* next) noexcept {
  constexpr int quads = static_cast<int>(Columns / PanelLayout::quad);
  constexpr int quads_of_a_sum = 32767 / (2 * 128 * Largest);
  constexpr int count = Tokens < 4 ? Tokens : 4;
  constexpr DigitLayout layout{Slices, Columns, Tokens, Scaled};
  for (int first = 0; first < Tokens; first += count) {
    for (int half = 0; half < 2; ++half) {
      float* const out = sums + first * PanelLayout::lanes + half * 8;
      __m256 total[std::size_t{count}];
      [[maybe_unused]] __m256i run[std::size_t{count}] = {};
      for (int t = 0; t < count; ++t) total[t] = _mm256_load_ps(out + t * PanelLayout::lanes);
      auto const* block = reinterpret_cast<__m256i const*>(decoded) + half;
      uint8_t const* token = x + first * layout.token_bytes();
      for (index_t b = 0; b < blocks; ++b) {
        if (first == 0 && half == 0)
          _mm_prefetch(reinterpret_cast<char const*>(next + b * PanelLayout::line), _MM_HINT_T0);
        __m256 const scale = _mm256_load_ps(reinterpret_cast<float const*>(block));
        __m256i quad[std::size_t{quads}];
        for (int i = 0; i < quads; ++i) quad[i] = _mm256_load_si256(block + 2 * (i + 1));
        for (int t = 0; t < count; ++t) {
          uint8_t const* const digits = token + t * layout.token_bytes();
          if constexpr (Length > 1) {
            if (b % Length == 0)
              run[t] = broadcast(digits + Columns);
            run[t] = plus_products<quads, quads_of_a_sum>(run[t], quad, digits);
            if (b % Length == Length - 1 || b == blocks - 1)
              total[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(run[t]), scale, total[t]);
          } else {
            __m256 sum = times<quads, Slices, quads_of_a_sum>(quad, digits);
            if constexpr (Scaled)
              sum = _mm256_mul_ps(sum,
                                  _mm256_castsi256_ps(broadcast(digits + Slices * (Columns + 4))));
            total[t] = _mm256_fmadd_ps(sum, scale, total[t]);
          }
        }
        block += decoded_bytes(Columns) / 32;
        token += layout.block_bytes();
      }
      for (int t = 0; t < count; ++t) _mm256_store_ps(out + t * PanelLayout::lanes, total[t]);
    }
  }
}

/// The last factors of a tile's sums: a power of two that was left out of scales, the scale of the
/// token, and one for all.
inline void scale_sums(float* sums, index_t tokens, float const* scales, float power,
                       float unit) noexcept {
  for (index_t t = 0; t < tokens; ++t) {
    for (index_t r = 0; r < PanelLayout::lanes; r += 8) {
      __m256 sum = _mm256_load_ps(sums + t * PanelLayout::lanes + r);
      sum = _mm256_mul_ps(sum, _mm256_set1_ps(power));
      sum = _mm256_mul_ps(sum, _mm256_set1_ps(scales[t]));
      _mm256_store_ps(sums + t * PanelLayout::lanes + r, _mm256_mul_ps(sum, _mm256_set1_ps(unit)));
    }
  }
}

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET

#endif
