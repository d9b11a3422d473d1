// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/float_weights.hpp>
#include <qfmt/gemm/x86/avx2_tile.hpp>
#include <qfmt/gemm/x86/vnni_decode.hpp>

#if defined(QFMT_X86)

// Floats of 8 bits, decoded to binary32 and multiplied there: every weight is the reference's,
// every activation is taken as it is, and a sum goes through increasing k with one rounding for
// each step. Both instruction sets give the same bits.

QFMT_BEGIN_AVX2
namespace qfmt::x86::avx2 {

/// Blocks [first, first + count) of a panel as floats.
template <class S>
void decode_floats(uint8_t const* panel, index_t padded, index_t first, index_t count,
                   uint8_t* to) noexcept {
  using W = FloatWeights<S>;
  constexpr bool one_group = S::Granularity::cols == whole;
  index_t const blocks_of_group = (one_group ? padded : W::map.group) / W::block;
  __m256i const magnitude = _mm256_set1_epi32(0x7F000000);
  __m256i const sign = _mm256_set1_epi32(static_cast<int>(0x80000000u));
  for (index_t b = first; b < first + count; ++b) {
    index_t const group = one_group ? 0 : b / blocks_of_group;
    index_t const in_strip = group % W::map.groups;
    uint8_t const* const strip = panel + group / W::map.groups * W::map.strip_bytes();
    uint8_t const* codes = strip + W::map.codes_at() + in_strip * W::map.group_bytes() +
                           (b - group * blocks_of_group) * W::block * PanelLayout::lanes;
    __m256 scale[2];
    for (index_t h = 0; h < 2; ++h)
      scale[h] = load_scales<typename S::Stored>(strip + (2 * in_strip + h) * PanelLayout::lanes /
                                                             2 * W::map.scale_bytes);
    for (index_t k = 0; k < W::block; k += PanelLayout::quad, codes += PanelLayout::line) {
      for (index_t h = 0; h < 2; ++h) {
        __m256i const quad = _mm256_load_si256(reinterpret_cast<__m256i const*>(codes) + h);
        for (int j = 0; j < 4; ++j) {
          __m256i const code = _mm256_slli_epi32(quad, 24 - 8 * j);
          __m256i const bits =
              _mm256_or_si256(_mm256_srli_epi32(_mm256_and_si256(code, magnitude), W::shift),
                              _mm256_and_si256(code, sign));
          __m256 const grid = _mm256_mul_ps(_mm256_castsi256_ps(bits), _mm256_set1_ps(W::factor));
          _mm256_store_ps(reinterpret_cast<float*>(to + j * PanelLayout::line) + 8 * h,
                          _mm256_mul_ps(grid, scale[h]));
        }
      }
      to += PanelLayout::quad * PanelLayout::line;
    }
  }
}

/// sums[t][r] += sum over k of x(t, k) * w(r, k): `blocks` of `Columns` columns, x as it is written
/// by write_floats. With each block comes a line of `next` into the cache.
template <index_t Columns, int Tokens>
void multiply_floats(uint8_t const* decoded, index_t blocks, uint8_t const* x, float* sums,
                     uint8_t const* next) noexcept {
  constexpr int count = Tokens < 4 ? Tokens : 4;
  for (index_t b = 0; b < blocks; ++b)
    _mm_prefetch(reinterpret_cast<char const*>(next + b * PanelLayout::line), _MM_HINT_T0);
  for (int first = 0; first < Tokens; first += count) {
    auto const* token = reinterpret_cast<float const*>(x) + first;
    auto const* weight = reinterpret_cast<float const*>(decoded);
    float* const out = sums + first * PanelLayout::lanes;
    __m256 low[std::size_t{count}];
    __m256 high[std::size_t{count}];
    for (int t = 0; t < count; ++t) {
      low[t] = _mm256_load_ps(out + t * PanelLayout::lanes);
      high[t] = _mm256_load_ps(out + t * PanelLayout::lanes + 8);
    }
    for (index_t k = 0; k < blocks * Columns; ++k, weight += PanelLayout::lanes, token += Tokens) {
      __m256 const w0 = _mm256_load_ps(weight);
      __m256 const w1 = _mm256_load_ps(weight + 8);
      _Pragma("GCC unroll 4") for (int t = 0; t < count; ++t) {
        __m256 const value = _mm256_broadcast_ss(token + t);
        low[t] = _mm256_fmadd_ps(value, w0, low[t]);
        high[t] = _mm256_fmadd_ps(value, w1, high[t]);
      }
    }
    for (int t = 0; t < count; ++t) {
      _mm256_store_ps(out + t * PanelLayout::lanes, low[t]);
      _mm256_store_ps(out + t * PanelLayout::lanes + 8, high[t]);
    }
  }
}

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET

QFMT_BEGIN_AVX512_VNNI
namespace qfmt::x86::avx512_vnni {

/// Column `J` of a line, 16 rows, as floats; see FloatWeights.
template <class S, int J>
[[nodiscard]] inline __m512 decode_column(__m512i line, __m512 scale) noexcept {
  using W = FloatWeights<S>;
  __m512i const code = _mm512_slli_epi32(line, unsigned{24 - 8 * J});
  __m512i const magnitude = _mm512_and_si512(code, _mm512_set1_epi32(0x7F000000));
  __m512i const sign = _mm512_and_si512(code, _mm512_set1_epi32(static_cast<int>(0x80000000u)));
  __m512i const bits = _mm512_or_si512(_mm512_srli_epi32(magnitude, unsigned{W::shift}), sign);
  return _mm512_mul_ps(_mm512_mul_ps(_mm512_castsi512_ps(bits), _mm512_set1_ps(W::factor)), scale);
}

/// Blocks [first, first + count) of a panel as floats.
template <class S>
void decode_floats(uint8_t const* panel, index_t padded, index_t first, index_t count,
                   uint8_t* to) noexcept {
  using W = FloatWeights<S>;
  constexpr bool one_group = S::Granularity::cols == whole;
  index_t const blocks_of_group = (one_group ? padded : W::map.group) / W::block;
  for (index_t b = first; b < first + count; ++b) {
    index_t const group = one_group ? 0 : b / blocks_of_group;
    index_t const in_strip = group % W::map.groups;
    uint8_t const* const strip = panel + group / W::map.groups * W::map.strip_bytes();
    uint8_t const* codes = strip + W::map.codes_at() + in_strip * W::map.group_bytes() +
                           (b - group * blocks_of_group) * W::block * PanelLayout::lanes;
    __m512 const scale =
        load_scales<typename S::Stored>(strip + in_strip * PanelLayout::lanes * W::map.scale_bytes);
    for (index_t k = 0; k < W::block; k += PanelLayout::quad, codes += PanelLayout::line) {
      __m512i const line = _mm512_load_si512(codes);
      _mm512_store_ps(to, decode_column<S, 0>(line, scale));
      _mm512_store_ps(to + 64, decode_column<S, 1>(line, scale));
      _mm512_store_ps(to + 128, decode_column<S, 2>(line, scale));
      _mm512_store_ps(to + 192, decode_column<S, 3>(line, scale));
      to += PanelLayout::quad * PanelLayout::line;
    }
  }
}

/// total[t] += x(t, k) * w(k), for one column.
template <int Tokens>
inline void add_column(__m512 weight, float const* x, __m512* total) noexcept {
  _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; ++t) total[t] =
      _mm512_fmadd_ps(weight, _mm512_set1_ps(x[t]), total[t]);
}

/// As on AVX2. Activations are fetched a little ahead: of a whole panel they are more than the
/// first-level cache holds.
template <index_t Columns, int Tokens>
void multiply_floats(uint8_t const* decoded, index_t blocks, uint8_t const* x, float* sums,
                     uint8_t const* next) noexcept {
  constexpr index_t ahead = 8;  // columns
  auto const* token = reinterpret_cast<float const*>(x);
  for (index_t b = 0; b < blocks; ++b)
    _mm_prefetch(reinterpret_cast<char const*>(next + b * PanelLayout::line), _MM_HINT_T0);
  __m512 total[std::size_t{Tokens}];
  _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; ++t) total[t] =
      _mm512_load_ps(sums + t * PanelLayout::lanes);
  for (index_t k = 0; k < blocks * Columns; ++k, decoded += PanelLayout::line, token += Tokens) {
    _mm_prefetch(reinterpret_cast<char const*>(token + ahead * Tokens), _MM_HINT_T0);
    add_column<Tokens>(_mm512_load_ps(decoded), token, total);
  }
  _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; ++t)
      _mm512_store_ps(sums + t * PanelLayout::lanes, total[t]);
}

/// The same for a whole panel, decoded on the way.
template <class S, int Tokens>
void multiply_float_panel(uint8_t const* panel, index_t padded, uint8_t const* x,
                          float* sums) noexcept {
  using W = FloatWeights<S>;
  constexpr bool one_group = S::Granularity::cols == whole;
  // Half a page elsewhere: most lines need no new translation.
  index_t const ahead = has_full_width_512() ? fetch_distance : 2048;
  index_t const lines = (one_group ? padded : W::map.group) / PanelLayout::quad;
  auto const* token = reinterpret_cast<float const*>(x);
  __m512 total[std::size_t{Tokens}];
  _Pragma("GCC unroll 16") for (__m512& t : total) t = _mm512_setzero_ps();
  for (index_t k = 0; k < padded; k += one_group ? padded : W::map.strip_columns()) {
    uint8_t const* codes = panel + W::map.codes_at();
    for (index_t g = 0; g < W::map.groups; ++g) {
      __m512 const scale =
          load_scales<typename S::Stored>(panel + g * PanelLayout::lanes * W::map.scale_bytes);
      for (index_t i = 0; i < lines; ++i, codes += PanelLayout::line, token += 4 * Tokens) {
        fetch_lines<PanelLayout::line>(codes + ahead);
        __m512i const line = _mm512_load_si512(codes);
        add_column<Tokens>(decode_column<S, 0>(line, scale), token, total);
        add_column<Tokens>(decode_column<S, 1>(line, scale), token + Tokens, total);
        add_column<Tokens>(decode_column<S, 2>(line, scale), token + 2 * Tokens, total);
        add_column<Tokens>(decode_column<S, 3>(line, scale), token + 3 * Tokens, total);
      }
    }
    panel = codes;
  }
  _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; ++t)
      _mm512_store_ps(sums + t * PanelLayout::lanes, total[t]);
}

}  // namespace qfmt::x86::avx512_vnni
QFMT_END_TARGET

#endif
