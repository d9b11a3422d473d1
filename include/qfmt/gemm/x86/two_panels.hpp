// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/x86/bf16_tile.hpp>
#include <qfmt/gemm/x86/panel_gemm.hpp>
#include <qfmt/gemm/x86/word_tile.hpp>

#if defined(QFMT_X86)

// Two panels with a tile of 16 tokens, for processors that multiply as many lines a clock as they
// load: what is loaded of a token is used for both panels. Some tokens at a time, for which all
// blocks are walked through, so that sums stay in registers. The same operations on each sum in the
// same order as with one panel, hence the same bits.

QFMT_BEGIN_AVX512_VNNI
namespace qfmt::x86::avx512_vnni {

/// The sums of tokens [from, from + Tokens) of a tile.
template <int Tokens>
struct TwoTotals {
  float* to[2];
  __m512 total[2][std::size_t{Tokens}];

  TwoTotals(TwoPanels const& work, int from) noexcept
      : to{work.sums[0] + from * PanelLayout::lanes, work.sums[1] + from * PanelLayout::lanes} {
    _Pragma("GCC unroll 8") for (int t = 0; t < Tokens; ++t) {
      total[0][t] = _mm512_load_ps(to[0] + t * PanelLayout::lanes);
      total[1][t] = _mm512_load_ps(to[1] + t * PanelLayout::lanes);
    }
  }
  void store() const noexcept {
    _Pragma("GCC unroll 8") for (int t = 0; t < Tokens; ++t) {
      _mm512_store_ps(to[0] + t * PanelLayout::lanes, total[0][t]);
      _mm512_store_ps(to[1] + t * PanelLayout::lanes, total[1][t]);
    }
  }
};

/// add_quad for two panels, with the four bytes in memory loaded once.
inline void add_quad(__m512i& first, __m512i& second, __m512i first_lanes, __m512i second_lanes,
                     uint8_t const* four) noexcept {
  __m512i both;
  asm("vpbroadcastd %5, %2\n\tvpdpbusd %2, %3, %0\n\tvpdpbusd %2, %4, %1"
      : "+v"(first), "+v"(second), "=&v"(both)
      : "v"(first_lanes), "v"(second_lanes), "m"(*reinterpret_cast<Four const*>(four)));
}
/// add_words, likewise.
inline void add_words(__m512i& first, __m512i& second, __m512i first_lanes, __m512i second_lanes,
                      uint8_t const* four) noexcept {
  __m512i both;
  asm("vpbroadcastd %5, %2\n\tvpdpwssd %2, %3, %0\n\tvpdpwssd %2, %4, %1"
      : "+v"(first), "+v"(second), "=&v"(both)
      : "v"(first_lanes), "v"(second_lanes), "m"(*reinterpret_cast<Four const*>(four)));
}

/// As multiply_decoded, with one digit.
template <index_t Columns, index_t Length, bool Scaled = false, bool InPlace = false>
void multiply_decoded_of_two(TwoPanels const& work) noexcept {
  constexpr int quads = static_cast<int>(Columns / PanelLayout::quad);
  constexpr DigitLayout layout{1, Columns, largest_tile, Scaled};
  constexpr index_t token = layout.token_bytes();
  constexpr index_t step = InPlace ? PanelLayout::lanes * Columns : decoded_bytes(Columns);
  // Long sums have the time to load and store totals that find no register.
  constexpr int tokens = Length > 1 ? 8 : 4;
  uint8_t const* const decoded[2] = {work.decoded,
                                     work.decoded + work.blocks * decoded_bytes(Columns)};
  for (int from = 0; from < largest_tile; from += tokens) {
    TwoTotals<tokens> totals{work, from};
    uint8_t const* codes[2] = {decoded[0] + PanelLayout::line, decoded[1] + PanelLayout::line};
    if constexpr (InPlace) {
      __builtin_memcpy(&codes[0], codes[0], sizeof(uint8_t const*));
      __builtin_memcpy(&codes[1], codes[1], sizeof(uint8_t const*));
    }
    uint8_t const* x = work.x + from * token;
    uint8_t const* const next = work.next[from / 8];
    __m512 scale[2] = {_mm512_load_ps(decoded[0]), _mm512_load_ps(decoded[1])};
    for (index_t b = 0; b < work.blocks;) {
      if constexpr (!InPlace) {
        scale[0] = _mm512_load_ps(codes[0] - PanelLayout::line);
        scale[1] = _mm512_load_ps(codes[1] - PanelLayout::line);
      }
      __m512i sum[2][std::size_t{tokens}];
      _Pragma("GCC unroll 8") for (int t = 0; t < tokens; ++t) sum[0][t] = sum[1][t] =
          broadcast(x + t * token + Columns);
      index_t const end = Length == 1 ? b + 1 : (std::min)(b + Length, work.blocks);
      do {
        _mm_prefetch(reinterpret_cast<char const*>(next + b * PanelLayout::line), _MM_HINT_T0);
        _Pragma("GCC unroll 8") for (int i = 0; i < quads; ++i) {
          __m512i const first = _mm512_load_si512(codes[0] + i * PanelLayout::line);
          __m512i const second = _mm512_load_si512(codes[1] + i * PanelLayout::line);
          _Pragma("GCC unroll 8") for (int t = 0; t < tokens; ++t)
              add_quad(sum[0][t], sum[1][t], first, second, x + t * token + 4 * i);
        }
        codes[0] += step;
        codes[1] += step;
        x += layout.block_bytes();
      } while (++b < end);
      _Pragma("GCC unroll 8") for (int t = 0; t < tokens; ++t) {
        _Pragma("GCC unroll 2") for (int p = 0; p < 2; ++p) {
          __m512 product = _mm512_cvtepi32_ps(sum[p][t]);
          if constexpr (Scaled)
            product = _mm512_mul_ps(
                product,
                _mm512_castsi512_ps(broadcast(x - layout.block_bytes() + t * token + Columns + 4)));
          totals.total[p][t] = _mm512_fmadd_ps(product, scale[p], totals.total[p][t]);
        }
      }
    }
    totals.store();
  }
}

/// As multiply_words.
template <index_t Columns, int Slices>
void multiply_words_of_two(TwoPanels const& work) noexcept {
  constexpr int pairs = static_cast<int>(Columns / 2);
  constexpr int quads = static_cast<int>(Columns / PanelLayout::quad);
  constexpr WordLayout layout{Slices, Columns};
  constexpr index_t token = layout.token_bytes();
  constexpr int tokens = Slices == 3 ? 4 : 8;
  index_t const apart = work.blocks * word_bytes(Columns, Slices);
  for (int from = 0; from < largest_tile; from += tokens) {
    TwoTotals<tokens> totals{work, from};
    uint8_t const* words = work.decoded;
    uint8_t const* x = work.x + from * token;
    uint8_t const* const next = work.next[from / 8];
    for (index_t b = 0; b < work.blocks; ++b) {
      _mm_prefetch(reinterpret_cast<char const*>(next + b * PanelLayout::line), _MM_HINT_T0);
      __m512i low[2][std::size_t{tokens}];
      [[maybe_unused]] __m512i top[2][std::size_t{tokens}];
      _Pragma("GCC unroll 8") for (int t = 0; t < tokens; ++t) {
        low[0][t] = low[1][t] = _mm512_setzero_si512();
        if constexpr (Slices == 3)
          top[0][t] = top[1][t] = broadcast(x + t * token + Columns);
      }
      if constexpr (Slices == 3) {
        _Pragma("GCC unroll 8") for (int i = 0; i < quads; ++i) {
          uint8_t const* const line = words + (1 + pairs + i) * PanelLayout::line;
          __m512i const first = _mm512_load_si512(line);
          __m512i const second = _mm512_load_si512(line + apart);
          _Pragma("GCC unroll 8") for (int t = 0; t < tokens; ++t)
              add_quad(top[0][t], top[1][t], first, second, x + t * token + 4 * i);
        }
      }
      _Pragma("GCC unroll 16") for (int i = 0; i < pairs; ++i) {
        uint8_t const* const line = words + (1 + i) * PanelLayout::line;
        __m512i const first = _mm512_load_si512(line);
        __m512i const second = _mm512_load_si512(line + apart);
        _Pragma("GCC unroll 8") for (int t = 0; t < tokens; ++t)
            add_words(low[0][t], low[1][t], first, second, x + t * token + layout.low_at() + 4 * i);
      }
      __m512 const scale[2] = {_mm512_load_ps(words), _mm512_load_ps(words + apart)};
      _Pragma("GCC unroll 8") for (int t = 0; t < tokens; ++t) {
        _Pragma("GCC unroll 2") for (int p = 0; p < 2; ++p) {
          __m512 sum = _mm512_cvtepi32_ps(low[p][t]);
          if constexpr (Slices == 3)
            sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(top[p][t]), _mm512_set1_ps(65536.0f), sum);
          totals.total[p][t] = _mm512_fmadd_ps(sum, scale[p], totals.total[p][t]);
        }
      }
      words += word_bytes(Columns, Slices);
      x += largest_tile * token;
    }
    totals.store();
  }
}

/// As multiply_floats.
template <index_t Columns>
void multiply_floats_of_two(TwoPanels const& work) noexcept {
  constexpr int tokens = 8;
  index_t const columns = work.blocks * Columns;
  for (int from = 0; from < largest_tile; from += tokens) {
    for (index_t b = 0; b < work.blocks; ++b)
      _mm_prefetch(reinterpret_cast<char const*>(work.next[from / 8] + b * PanelLayout::line),
                   _MM_HINT_T0);
    TwoTotals<tokens> totals{work, from};
    auto const* weights = reinterpret_cast<float const*>(work.decoded);
    auto const* x = reinterpret_cast<float const*>(work.x) + from;
    for (index_t k = 0; k < columns; ++k, weights += PanelLayout::lanes, x += largest_tile) {
      __m512 const first = _mm512_load_ps(weights);
      __m512 const second = _mm512_load_ps(weights + columns * PanelLayout::lanes);
      _Pragma("GCC unroll 8") for (int t = 0; t < tokens; ++t) {
        __m512 const value = _mm512_set1_ps(x[t]);
        totals.total[0][t] = _mm512_fmadd_ps(first, value, totals.total[0][t]);
        totals.total[1][t] = _mm512_fmadd_ps(second, value, totals.total[1][t]);
      }
    }
    totals.store();
  }
}

}  // namespace qfmt::x86::avx512_vnni
QFMT_END_TARGET

QFMT_BEGIN_AVX512_BF16
namespace qfmt::x86::avx512_bf16 {

/// add_pair for two panels, with the pair in memory loaded once.
inline void add_pair(__m512& first, __m512& second, __m512i first_lanes, __m512i second_lanes,
                     uint8_t const* pair) noexcept {
  __m512i both;
  asm("vpbroadcastd %5, %2\n\tvdpbf16ps %2, %3, %0\n\tvdpbf16ps %2, %4, %1"
      : "+v"(first), "+v"(second), "=&v"(both)
      : "v"(first_lanes), "v"(second_lanes), "m"(*reinterpret_cast<Four const*>(pair)));
}

/// As multiply_pairs.
template <class S>
void multiply_pairs_of_two(TwoPanels const& work) noexcept {
  using W = Bf16Weights<S>;
  constexpr int pairs = static_cast<int>(W::pairs);
  constexpr index_t token = W::block * 2;
  constexpr int tokens = 8;
  index_t const apart = work.blocks * W::decoded_block;
  for (int from = 0; from < largest_tile; from += tokens) {
    avx512_vnni::TwoTotals<tokens> totals{work, from};
    uint8_t const* weights = work.decoded;
    uint8_t const* x = work.x + from * token;
    uint8_t const* const next = work.next[from / 8];
    for (index_t b = 0; b < work.blocks; ++b) {
      _mm_prefetch(reinterpret_cast<char const*>(next + b * PanelLayout::line), _MM_HINT_T0);
      __m512 sum[2][std::size_t{tokens}];
      _Pragma("GCC unroll 8") for (int t = 0; t < tokens; ++t) sum[0][t] = sum[1][t] =
          _mm512_setzero_ps();
      _Pragma("GCC unroll 16") for (int i = 0; i < pairs; ++i) {
        uint8_t const* const line = weights + (i + 1) * PanelLayout::line;
        __m512i const first = _mm512_load_si512(line);
        __m512i const second = _mm512_load_si512(line + apart);
        _Pragma("GCC unroll 8") for (int t = 0; t < tokens; ++t)
            add_pair(sum[0][t], sum[1][t], first, second, x + t * token + 4 * i);
      }
      __m512 const scale[2] = {_mm512_load_ps(weights), _mm512_load_ps(weights + apart)};
      _Pragma("GCC unroll 8") for (int t = 0; t < tokens; ++t) {
        totals.total[0][t] = plus_block<S>(totals.total[0][t], sum[0][t], scale[0]);
        totals.total[1][t] = plus_block<S>(totals.total[1][t], sum[1][t], scale[1]);
      }
      weights += W::decoded_block;
      x += largest_tile * token;
    }
    totals.store();
  }
}

}  // namespace qfmt::x86::avx512_bf16
QFMT_END_TARGET

#endif
