// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <qfmt/gemm/x86/avx2_tile.hpp>

#if defined(QFMT_X86)

// Weights of 8 bits on AVX2. Their products with bytes do not fit 16 bits in pairs, so tokens are
// written as words (see WordLayout) and weights become words as they are loaded. The same exact
// integers as with digits, and the same bits.

QFMT_BEGIN_AVX2
namespace qfmt::x86::avx2 {

/// Blocks [first, first + count) of a panel of 8-bit codes for multiply_words: as decode_blocks, but
/// signed, and of the 32 bytes of half the rows first columns 0 and 2 of each, then 1 and 3. With
/// three slices there follows a line of -128 times the sum of each row's weights, where the sums of
/// low words start from; see WordLayout.
template <class S, int Slices>
void decode_for_words(uint8_t const* panel, index_t padded, index_t first, index_t count,
                      uint8_t* to) noexcept {
  using W = IntegerWeights<S>;
  constexpr index_t quads = W::block / PanelLayout::quad;
  __m256i const columns = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
  for (index_t b = first; b < first + count; ++b) {
    decode_blocks<S>(panel, padded, b, 1, to);
    auto* const vectors = reinterpret_cast<__m256i*>(to);
    __m256i sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (index_t i = 2; i < 2 * (quads + 1); ++i) {
      __m256i const quad =
          _mm256_sub_epi8(vectors[i], _mm256_set1_epi8(static_cast<char>(W::offset)));
      __m256i const halves = _mm256_shuffle_epi8(quad, columns);
      _mm256_store_si256(vectors + i, _mm256_permute4x64_epi64(halves, 0xD8));  // 0 2 1 3
      if constexpr (Slices == 3) {
        __m256i const pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), quad);
        sums[i % 2] =
            _mm256_add_epi32(sums[i % 2], _mm256_madd_epi16(pairs, _mm256_set1_epi16(-128)));
      }
    }
    to += decoded_bytes(W::block);
    if constexpr (Slices == 3) {
      _mm256_store_si256(vectors + 2 * (quads + 1), sums[0]);
      _mm256_store_si256(vectors + 2 * (quads + 1) + 1, sums[1]);
      to += PanelLayout::line;
    }
  }
}

/// sum + the products of the two signed words of every lane with a pair in memory. The empty
/// statement keeps g++ 12 from adding products as a tree, for which it has too few registers.
inline void add_words(__m256i& sum, __m256i lanes, uint8_t const* pair) noexcept {
  sum = _mm256_add_epi32(sum, _mm256_madd_epi16(lanes, broadcast(pair)));
  asm("" : "+x"(sum));
}

/// As multiply_decoded, for blocks of decode_for_words.
template <index_t Columns, index_t Length, int Slices, int Tokens, bool Scaled = false>
void multiply_words(uint8_t const* decoded, index_t blocks, uint8_t const* x, float* sums,
                    uint8_t const* next) noexcept {
  constexpr index_t pairs = Columns / 2;
  constexpr int count = Tokens < 4 ? Tokens : 4;
  // Sums of a long run, of few tokens: several chains of additions side by side.
  constexpr int chains = Length > 1 ? 4 / count : 1;
  constexpr WordLayout layout{Slices, Columns, true, Scaled};
  constexpr index_t token_bytes = layout.token_bytes();
  constexpr index_t block_bytes = decoded_bytes(Columns) + (Slices == 3 ? PanelLayout::line : 0);
  for (index_t b = 0; b < blocks; ++b)
    _mm_prefetch(reinterpret_cast<char const*>(next + b * PanelLayout::line), _MM_HINT_T0);
  for (int first = 0; first < Tokens; first += count) {
    for (int half = 0; half < 2; ++half) {
      float* const out = sums + first * PanelLayout::lanes + half * 8;
      __m256 total[std::size_t{count}];
      for (int t = 0; t < count; ++t) total[t] = _mm256_load_ps(out + t * PanelLayout::lanes);
      uint8_t const* block = decoded + half * PanelLayout::line / 2;
      uint8_t const* token = x + first * token_bytes;
      for (index_t b = 0; b < blocks;) {
        index_t const end = Length == 1 ? b + 1 : (std::min)(b + Length, blocks);
        __m256 const scale = _mm256_load_ps(reinterpret_cast<float const*>(block));
        __m256i sum[std::size_t{count}];
        [[maybe_unused]] __m256i more[std::size_t{chains}][std::size_t{count}] = {};
        [[maybe_unused]] __m256i top[std::size_t{count}];
        for (int t = 0; t < count; ++t) {
          sum[t] = top[t] = _mm256_setzero_si256();
          if constexpr (Slices == 3)
            sum[t] =
                _mm256_load_si256(reinterpret_cast<__m256i const*>(block + decoded_bytes(Columns)));
        }
        do {
          _Pragma("GCC unroll 16") for (index_t i = 0; i < pairs; ++i) {
            auto const* const bytes = reinterpret_cast<__m128i const*>(
                block + (1 + i / 2) * PanelLayout::line + i % 2 * 16);
            __m256i const words = _mm256_cvtepi8_epi16(_mm_load_si128(bytes));
            _Pragma("GCC unroll 4") for (int t = 0; t < count; ++t) {
              uint8_t const* const pair = token + t * token_bytes + 4 * i;
              add_words(i % chains == 0 ? sum[t] : more[i % chains][t], words,
                        pair + layout.low_at());
              if constexpr (Slices == 3)
                add_words(top[t], words, pair);
            }
          }
          block += block_bytes;
          token += Tokens * token_bytes;
        } while (++b < end);
        for (int t = 0; t < count; ++t) {
          for (int c = 1; c < chains; ++c) sum[t] = _mm256_add_epi32(sum[t], more[c][t]);
          __m256 product = _mm256_cvtepi32_ps(sum[t]);
          if constexpr (Slices == 3)
            product =
                _mm256_fmadd_ps(_mm256_cvtepi32_ps(top[t]), _mm256_set1_ps(65536.0f), product);
          if constexpr (Scaled)
            product = _mm256_mul_ps(
                product, _mm256_castsi256_ps(
                             broadcast(token + (t - Tokens) * token_bytes + layout.scale_at())));
          total[t] = _mm256_fmadd_ps(product, scale, total[t]);
        }
      }
      for (int t = 0; t < count; ++t) _mm256_store_ps(out + t * PanelLayout::lanes, total[t]);
    }
  }
}

/// The same for one token and a whole panel, whose codes become words on the way. One digit or two.
template <class S, int Slices, bool Scaled = false>
void multiply_token(uint8_t const* panel, index_t padded, uint8_t const* x, float* sums) noexcept {
  using W = IntegerWeights<S>;
  static_assert(W::map.code_bits == 8 && Slices < 3);
  constexpr bool one_group = S::Granularity::cols == whole;
  constexpr index_t length = Scaled ? 1 : W::run_of(Slices);
  constexpr index_t quads = W::block / PanelLayout::quad;
  constexpr WordLayout layout{Slices, W::block, true, Scaled};
  index_t const blocks = (one_group ? padded : W::map.group) / W::block;
  __m256i const sign = _mm256_set1_epi8(static_cast<char>(W::offset));
  __m256 total[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  for (index_t k = 0; k < padded; k += one_group ? padded : W::map.strip_columns()) {
    uint8_t const* codes = panel + W::map.codes_at();
    for (index_t g = 0; g < W::map.groups; ++g) {
      for (index_t b = 0; b < blocks;) {
        index_t const end = length == 1 ? b + 1 : (std::min)(b + length, blocks);
        __m256i even[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        __m256i odd[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        do {
          _mm_prefetch(reinterpret_cast<char const*>(codes + 4096), _MM_HINT_T0);
          _Pragma("GCC unroll 8") for (index_t i = 0; i < quads; ++i, codes += PanelLayout::line) {
            _Pragma("GCC unroll 2") for (int h = 0; h < 2; ++h) {
              __m256i const quad = _mm256_xor_si256(
                  _mm256_load_si256(reinterpret_cast<__m256i const*>(codes) + h), sign);
              add_words(even[h], _mm256_srai_epi16(_mm256_slli_epi16(quad, 8), 8), x + 8 * i);
              add_words(odd[h], _mm256_srai_epi16(quad, 8), x + 8 * i + 4);
            }
          }
          x += layout.token_bytes();
        } while (++b < end);
        for (int h = 0; h < 2; ++h) {
          __m256 product = _mm256_cvtepi32_ps(_mm256_add_epi32(even[h], odd[h]));
          if constexpr (Scaled)
            product = _mm256_mul_ps(
                product,
                _mm256_castsi256_ps(broadcast(x - layout.token_bytes() + layout.scale_at())));
          __m256 const scale = load_scales<typename S::Stored>(
              panel + (2 * g + h) * PanelLayout::lanes / 2 * W::map.scale_bytes);
          total[h] = _mm256_fmadd_ps(product, scale, total[h]);
        }
      }
    }
    panel = codes;
  }
  _mm256_store_ps(sums, total[0]);
  _mm256_store_ps(sums + 8, total[1]);
}

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET

#endif
