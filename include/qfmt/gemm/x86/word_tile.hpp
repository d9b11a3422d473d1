// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/x86/vnni_tile.hpp>

#if defined(QFMT_X86)

// The product of decoded blocks of weights with a tile of tokens of two or three digits, in words, on
// AVX-512 with VNNI. Two digits of a token are one signed word, which takes as many products as the
// digits do, but no shift between them and no seed. The same bits; see has_words.

QFMT_BEGIN_AVX512_VNNI
namespace qfmt::x86::avx512_vnni {

/// A block of a panel as words: 16 scales in binary32, for each quad of columns two lines of signed
/// words, columns 0 and 2, then 1 and 3; with three slices then its line of unsigned bytes.
[[nodiscard]] constexpr index_t word_bytes(index_t block, int slices) noexcept {
  return PanelLayout::line * (1 + block / 2 + (slices == 3 ? block / 4 : 0));
}

/// sum + the products of the two signed words of every lane with a pair in memory.
inline void add_words(__m512i& sum, __m512i lanes, uint8_t const* pair) noexcept {
  asm("vpdpwssd %2%{1to16%}, %1, %0"
      : "+v"(sum)
      : "v"(lanes), "m"(*reinterpret_cast<Four const*>(pair)));
}

/// Blocks [first, first + count) of a panel, decoded; see word_bytes.
template <class S, int Slices>
void decode_words(uint8_t const* panel, index_t padded, index_t first, index_t count,
                  uint8_t* to) noexcept {
  using W = IntegerWeights<S>;
  constexpr index_t quads_at = PanelLayout::line * (1 + W::block / 2);
  __m512i const offset = _mm512_set1_epi16(W::offset);
  __m512i const low = _mm512_set1_epi16(0xFF);
  for_each_block<S>(panel, padded, first, count, [&](Block<S> const& block, __m512 scale) {
    _mm512_store_ps(to, scale);
    _Pragma("GCC unroll 8") for (int i = 0; i < Block<S>::quads; ++i) {
      __m512i const quad = block.quad[i];
      uint8_t* const words = to + (1 + 2 * i) * PanelLayout::line;
      _mm512_store_si512(words, _mm512_sub_epi16(_mm512_and_si512(quad, low), offset));
      _mm512_store_si512(words + PanelLayout::line,
                         _mm512_sub_epi16(_mm512_srli_epi16(quad, 8), offset));
      if constexpr (Slices == 3)
        _mm512_store_si512(to + quads_at + i * PanelLayout::line, quad);
    }
    to += word_bytes(W::block, Slices);
  });
}

/// sums[t][r] += sum over k of x(t, k) * w(r, k) for decoded blocks of `Columns` columns, tokens as
/// WordLayout has them. With each block comes a line of `next` into the cache.
template <index_t Columns, int Slices, int Tokens>
void multiply_words(uint8_t const* decoded, index_t blocks, uint8_t const* x, float* sums,
                    uint8_t const* next) noexcept {
  constexpr int pairs = static_cast<int>(Columns / 2);
  constexpr int quads = static_cast<int>(Columns / PanelLayout::quad);
  constexpr WordLayout layout{Slices, Columns};
  constexpr index_t token = layout.token_bytes();
  // Chains that run side by side: with three slices a token has two.
  constexpr int most = Slices == 3 ? 4 : 8;
  constexpr int count = Tokens < most ? Tokens : most;
  __m512 total[std::size_t{Tokens}];
  _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; ++t) total[t] =
      _mm512_load_ps(sums + t * PanelLayout::lanes);
  for (index_t b = 0; b < blocks;
       ++b, decoded += word_bytes(Columns, Slices), x += Tokens * token) {
    _mm_prefetch(reinterpret_cast<char const*>(next + b * PanelLayout::line), _MM_HINT_T0);
    __m512 const scale = _mm512_load_ps(decoded);
    _Pragma("GCC unroll 4") for (int first = 0; first < Tokens; first += count) {
      uint8_t const* const some = x + first * token;
      __m512i low[std::size_t{count}];
      [[maybe_unused]] __m512i top[std::size_t{count}];
      _Pragma("GCC unroll 8") for (int t = 0; t < count; ++t) {
        low[t] = _mm512_setzero_si512();
        if constexpr (Slices == 3)
          top[t] = broadcast(some + t * token + Columns);
      }
      if constexpr (Slices == 3) {
        _Pragma("GCC unroll 8") for (int i = 0; i < quads; ++i) {
          __m512i const quad = _mm512_load_si512(decoded + (1 + pairs + i) * PanelLayout::line);
          _Pragma("GCC unroll 8") for (int t = 0; t < count; ++t)
              add_quad(top[t], quad, some + t * token + 4 * i);
        }
      }
      _Pragma("GCC unroll 16") for (int i = 0; i < pairs; ++i) {
        __m512i const pair = _mm512_load_si512(decoded + (1 + i) * PanelLayout::line);
        _Pragma("GCC unroll 8") for (int t = 0; t < count; ++t)
            add_words(low[t], pair, some + t * token + layout.low_at() + 4 * i);
      }
      _Pragma("GCC unroll 8") for (int t = 0; t < count; ++t) {
        __m512 sum = _mm512_cvtepi32_ps(low[t]);
        if constexpr (Slices == 3)
          sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(top[t]), _mm512_set1_ps(65536.0f), sum);
        total[first + t] = _mm512_fmadd_ps(sum, scale, total[first + t]);
      }
    }
  }
  _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; ++t)
      _mm512_store_ps(sums + t * PanelLayout::lanes, total[t]);
}

}  // namespace qfmt::x86::avx512_vnni
QFMT_END_TARGET

#endif
