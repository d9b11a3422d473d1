// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/operand.hpp>
#include <qfmt/gemm/x86/bf16_decode.hpp>
#include <qfmt/gemm/x86/write_digits.hpp>

#if defined(QFMT_X86)

// The product of a panel of 16 weight rows with a tile of tokens in BF16: a dword lane is a weight
// row from beginning to end, its two words are a pair of columns.

QFMT_BEGIN_AVX512_BF16
namespace qfmt::x86::avx512_bf16 {

/// sum + the two products of every lane with a pair in memory. Written out since g++ 12 loads the
/// pair with an instruction of its own.
inline void add_pair(__m512& sum, __m512i lanes, uint8_t const* pair) noexcept {
  asm("vdpbf16ps %2%{1to16%}, %1, %0"
      : "+v"(sum)
      : "v"(lanes), "m"(*reinterpret_cast<Four const*>(pair)));
}

/// total + the sum of a block, which a scale multiplies unless it is in the weights or the
/// channel's.
template <class S>
[[nodiscard]] inline __m512 plus_block(__m512 total, __m512 sum, __m512 scale) noexcept {
  if constexpr (Bf16Weights<S>::scaled_codes || Bf16Weights<S>::one_scale) {
    return _mm512_add_ps(total, sum);
  } else {
    return _mm512_fmadd_ps(sum, scale, total);
  }
}

/// sums[t][r] += sum over k of x(t, k) * w(r, k) for decoded blocks, eight tokens at a time: a
/// chain of dependent instructions for each hides their latency. With each block comes a line of
/// `next` into the cache.
template <class S, int Tokens>
void multiply_pairs(uint8_t const* decoded, index_t blocks, uint8_t const* x, float* sums,
                    uint8_t const* next) noexcept {
  using W = Bf16Weights<S>;
  constexpr int pairs = static_cast<int>(W::pairs);
  constexpr index_t token = W::block * 2;
  constexpr int abreast = Tokens < 8 ? Tokens : 8;
  __m512 total[std::size_t{Tokens}];
  _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; ++t) total[t] =
      _mm512_load_ps(sums + t * PanelLayout::lanes);
  for (index_t b = 0; b < blocks; ++b, decoded += W::decoded_block, x += Tokens * token) {
    _mm_prefetch(reinterpret_cast<char const*>(next + b * PanelLayout::line), _MM_HINT_T0);
    __m512 const scale = _mm512_load_ps(decoded);
    _Pragma("GCC unroll 2") for (int first = 0; first < Tokens; first += abreast) {
      __m512 sum[std::size_t{abreast}];
      _Pragma("GCC unroll 8") for (__m512& s : sum) s = _mm512_setzero_ps();
      _Pragma("GCC unroll 16") for (int i = 0; i < pairs; ++i) {
        __m512i const pair = _mm512_load_si512(decoded + (i + 1) * PanelLayout::line);
        _Pragma("GCC unroll 8") for (int t = 0; t < abreast; ++t)
            add_pair(sum[t], pair, x + (first + t) * token + 4 * i);
      }
      _Pragma("GCC unroll 8") for (int t = 0; t < abreast; ++t) total[first + t] =
          plus_block<S>(total[first + t], sum[t], scale);
    }
  }
  _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; ++t)
      _mm512_store_ps(sums + t * PanelLayout::lanes, total[t]);
}

/// The same for a whole panel, decoded on the way, and up to 8 tokens.
template <class S, int Tokens>
void multiply_panel(uint8_t const* panel, index_t padded, uint8_t const* x, float* sums) noexcept {
  using W = Bf16Weights<S>;
  constexpr index_t token = W::block * 2;
  constexpr index_t half = Place<S>::half;
  Place<S> const place{panel, padded};
  bool const full_width = has_full_width_512();
  __m512 total[std::size_t{Tokens}];
  _Pragma("GCC unroll 8") for (__m512& t : total) t = _mm512_setzero_ps();
  index_t const piece = W::one_scale ? padded : W::map.strip_columns();
  for (index_t k = 0; k < padded; k += piece) {
    uint8_t const* codes = place.codes(k);
    for (index_t column = k; column < k + piece; column += W::block, x += Tokens * token) {
      __m512 sum[std::size_t{Tokens}];
      __m512 scale = scales_of<S>(place.scales(column));
      _Pragma("GCC unroll 8") for (__m512& s : sum) s = _mm512_setzero_ps();
      _Pragma("GCC unroll 2") for (index_t h = 0; h < W::block; h += half) {
        if constexpr (W::scaled_codes)
          scale = scales_of<S>(place.scales(column + h));
        if (full_width)
          avx512_vnni::fetch_lines<HalfBlock<S>::bytes>(codes + avx512_vnni::fetch_distance);
        HalfBlock<S> weights;
        weights.decode(codes, scale);
        codes += HalfBlock<S>::bytes;
        _Pragma("GCC unroll 8") for (int i = 0; i < HalfBlock<S>::pairs; ++i) {
          _Pragma("GCC unroll 8") for (int t = 0; t < Tokens; ++t)
              add_pair(sum[t], weights.pair[i], x + t * token + 2 * h + 4 * i);
        }
      }
      _Pragma("GCC unroll 8") for (int t = 0; t < Tokens; ++t) total[t] =
          plus_block<S>(total[t], sum[t], scale);
    }
  }
  _Pragma("GCC unroll 8") for (int t = 0; t < Tokens; ++t)
      _mm512_store_ps(sums + t * PanelLayout::lanes, total[t]);
}

/// Rows [first, first + rows) of x in BF16 as a tile of `tokens` tokens: for each block each
/// token's 32 numbers, in the order `column_of`. Numbers are rounded to nearest even, subnormal ones
/// to zero; what is beyond rows and columns is zero.
template <Operand X>
void write_pairs(X const& x, index_t first, index_t rows, index_t tokens, index_t padded,
                 std::array<uint16_t, 32> const& column_of, uint8_t* to) noexcept {
  constexpr index_t block = 32;
  avx2::Chunks<block, X> chunks{x};
  index_t const cols = shape_of(x).cols;
  __m512i const order = _mm512_loadu_si512(column_of.data());
  for (index_t t = 0; t < tokens; ++t) {
    uint8_t* token = to + t * block * 2;
    index_t written = 0;
    for (index_t col = 0; t < rows && col < cols; col += chunks.size) {
      avx2::Chunk const some = chunks.read(first + t, col);
      for (index_t i = 0; i < some.count; i += block, token += tokens * block * 2) {
        float const* const values = some.values + i;
        auto const words = reinterpret_cast<__m512i>(
            _mm512_cvtne2ps_pbh(_mm512_loadu_ps(values + 16), _mm512_loadu_ps(values)));
        _mm512_storeu_si512(token, _mm512_permutexvar_epi16(order, words));
      }
      written += some.count;
    }
    for (; written < padded; written += block, token += tokens * block * 2)
      _mm512_storeu_si512(token, _mm512_setzero_si512());
  }
}

}  // namespace qfmt::x86::avx512_bf16
QFMT_END_TARGET

#endif
