// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/x86/vnni_decode.hpp>

#if defined(QFMT_X86)

// The product of a panel of 16 weight rows with a tile of tokens, on AVX-512 with VNNI. The codes
// of a block are decoded in registers, or were decoded before, and used for all tokens of the tile;
// a dword lane is a weight row from beginning to end, so nothing is ever summed across lanes.

QFMT_BEGIN_AVX512_VNNI
namespace qfmt::x86::avx512_vnni {

/// Four bytes in every lane.
[[nodiscard]] inline __m512i broadcast(uint8_t const* from) noexcept {
  int32_t four;
  __builtin_memcpy(&four, from, sizeof four);
  return _mm512_set1_epi32(four);
}

/// sum + the dot product of the four unsigned bytes of every lane with four signed bytes in memory.
/// Written out since g++ 12 loads the four bytes with an instruction of their own.
inline void add_quad(__m512i& sum, __m512i lanes, uint8_t const* four) noexcept {
  asm("vpdpbusd %2%{1to16%}, %1, %0"
      : "+v"(sum)
      : "v"(lanes), "m"(*reinterpret_cast<Four const*>(four)));
}

/// sums[t] += a block times one slice of digits of `Count` tokens. Their chains of dependent
/// instructions run side by side.
template <int Quads, int Count, index_t TokenBytes>
inline void add_products(__m512i const* quad, uint8_t const* digits,
                         __m512i (&sums)[std::size_t{Count}]) noexcept {
  _Pragma("GCC unroll 8") for (int i = 0; i < Quads; ++i) {
    _Pragma("GCC unroll 16") for (int t = 0; t < Count; ++t)
        add_quad(sums[t], quad[i], digits + t * TokenBytes + 4 * i);
  }
}

/// A block times the integers of `Count` tokens, times the scale, added to `to`. Two digits share a
/// chain: the sum of the high ones, shifted left by 8 while the seed's low byte moves in, is where
/// the low ones start. `Scaled`: the token's block has a scale too.
template <int Quads, int Slices, int Count, bool Scaled>
inline void accumulate(__m512i const* quad, uint8_t const* tokens, __m512 scale,
                       __m512* to) noexcept {
  constexpr index_t slice = Quads * PanelLayout::quad;
  constexpr index_t token = DigitLayout{Slices, slice, 1, Scaled}.token_bytes();
  constexpr int last = Slices - 1;
  uint8_t const* const seeds = tokens + Slices * slice;
  __m512i sums[std::size_t{Count}];
  __m512 high[std::size_t{Count}];
  _Pragma("GCC unroll 8") for (int t = 0; t < Count; ++t) sums[t] = broadcast(seeds + t * token);
  add_products<Quads, Count, token>(quad, tokens, sums);
  if constexpr (Slices == 3) {
    _Pragma("GCC unroll 8") for (int t = 0; t < Count; ++t) {
      high[t] = _mm512_cvtepi32_ps(sums[t]);
      sums[t] = broadcast(seeds + t * token + 4);
    }
    add_products<Quads, Count, token>(quad, tokens + slice, sums);
  }
  if constexpr (Slices > 1) {
    _Pragma("GCC unroll 8") for (int t = 0; t < Count; ++t) sums[t] =
        _mm512_shldi_epi32(sums[t], broadcast(seeds + t * token + 4 * last), 8);
    add_products<Quads, Count, token>(quad, tokens + last * slice, sums);
  }
  _Pragma("GCC unroll 8") for (int t = 0; t < Count; ++t) {
    __m512 sum = _mm512_cvtepi32_ps(sums[t]);
    if constexpr (Slices == 3)
      sum = _mm512_fmadd_ps(high[t], _mm512_set1_ps(65536.0f), sum);
    if constexpr (Scaled)
      sum = _mm512_mul_ps(sum, _mm512_castsi512_ps(broadcast(seeds + t * token + 4 * Slices)));
    to[t] = _mm512_fmadd_ps(sum, scale, to[t]);
  }
}

/// The integer sums of a run of blocks for all tokens: they start from the seeds of its first
/// block, and end in binary32. With few tokens each has several chains, whose sums are as exact.
template <int Quads, int Tokens>
struct Run {
  static constexpr DigitLayout layout{1, Quads* PanelLayout::quad, Tokens};
  static constexpr int chains = Tokens < 4 ? 4 / Tokens : 1;
  __m512i sums[std::size_t{chains}][std::size_t{Tokens}];

  void start(uint8_t const* x) noexcept {
    _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; ++t) {
      sums[0][t] = broadcast(x + t * layout.token_bytes() + layout.block);
      _Pragma("GCC unroll 4") for (int c = 1; c < chains; ++c) sums[c][t] = _mm512_setzero_si512();
    }
  }
  void add(__m512i const* quad, uint8_t const* x) noexcept {
    constexpr int part = Quads / chains;
    _Pragma("GCC unroll 4") for (int c = 0; c < chains; ++c)
        add_products<part, Tokens, layout.token_bytes()>(quad + c * part,
                                                         x + c * part * PanelLayout::quad, sums[c]);
  }
  void finish(__m512 scale, float* to) const noexcept {
    _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; ++t) {
      __m512i sum = sums[0][t];
      _Pragma("GCC unroll 4") for (int c = 1; c < chains; ++c) sum =
          _mm512_add_epi32(sum, sums[c][t]);
      float* const total = to + t * PanelLayout::lanes;
      _mm512_store_ps(total,
                      _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scale, _mm512_load_ps(total)));
    }
  }
};

/// When the next `bytes` reach a new page, asks for the first line two pages beyond it: a
/// processor's own prefetching need not go on across pages of 4 KiB.
inline void open_page(uint8_t const* from, index_t bytes) noexcept {
  constexpr uintptr_t page = 4096;
  auto const at = reinterpret_cast<uintptr_t>(from);
  if (at % page + static_cast<uintptr_t>(bytes) >= page)
    _mm_prefetch(reinterpret_cast<char const*>((at / page + 3) * page), _MM_HINT_T1);
}

/// Tokens whose chains run side by side: enough to hide the latency of each.
template <int Tokens>
inline constexpr int abreast = Tokens < 8 ? Tokens : 8;

/// sums[t][r] = sum over k of x(t, k) * w(r, k), for `Tokens` tokens (see DigitLayout) and the 16
/// rows of a panel of `padded` columns: integers times the weight's scale, without that of the
/// token.
template <class S, int Slices, int Tokens, bool Scaled = false>
void multiply_tile(uint8_t const* panel, index_t padded, uint8_t const* x, float* sums) noexcept {
  using W = IntegerWeights<S>;
  using Stored = typename S::Stored;
  constexpr bool one_group = S::Granularity::cols == whole;
  constexpr DigitLayout layout{Slices, W::block, Tokens, Scaled};
  constexpr index_t scales_of_group = PanelLayout::lanes * W::map.scale_bytes;
  constexpr index_t zero_points_of_group = PanelLayout::lanes * W::map.zero_point_bytes;
  index_t const blocks = (one_group ? padded : W::map.group) / W::block;

  __m512i const values = Block<S>::table();
  constexpr index_t length = Scaled ? 1 : W::run_of(Slices);
  bool const full_width = has_full_width_512();
  // On Zen 4, kernels that are quick enough to wait for memory at every page, and one at every line.
  constexpr bool quick = Tokens == 1 && Slices == 1 && W::block == 32;
  constexpr bool fetches = quick && Scaled && one_group && W::map.code_bits == 8;
  [[maybe_unused]] Run<Block<S>::quads, Tokens> run;
  [[maybe_unused]] __m512 total[std::size_t{Tokens}];
  _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; ++t) {
    total[t] = _mm512_setzero_ps();
    _mm512_store_ps(sums + t * PanelLayout::lanes, total[t]);
  }
  for (index_t k = 0; k < padded; k += one_group ? padded : W::map.strip_columns()) {
    uint8_t const* codes = panel + W::map.codes_at();
    for (index_t g = 0; g < W::map.groups; ++g) {
      __m512 const scale = load_scales<Stored>(panel + g * scales_of_group);
      __m512i zero_points{};
      if constexpr (S::has_zero_point)
        zero_points = load_zero_points(panel + W::map.zero_points_at() + g * zero_points_of_group);
      for (index_t b = 0; b < blocks; ++b) {
        if (full_width) {
          fetch_lines<Block<S>::bytes>(codes + fetch_distance);
        } else if constexpr (fetches) {
          fetch_lines<Block<S>::bytes>(codes + fetch_distance / 2);
        } else if constexpr (quick) {
          open_page(codes, Block<S>::bytes);
        }
        Block<S> block;
        block.decode(codes, values, zero_points);
        codes += Block<S>::bytes;
        if constexpr (length > 1) {
          if (b % length == 0)
            run.start(x);
          run.add(block.quad, x);
          if (b % length == length - 1 || b == blocks - 1)
            run.finish(scale, sums);
        } else {
          _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; t += abreast<Tokens>)
              accumulate<Block<S>::quads, Slices, abreast<Tokens>, Scaled>(
                  block.quad, x + t * layout.token_bytes(), scale, total + t);
        }
        x += layout.block_bytes();
      }
    }
    panel = codes;
  }
  if constexpr (length == 1) {
    _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; ++t)
        _mm512_store_ps(sums + t * PanelLayout::lanes, total[t]);
  }
}

/// As multiply_tile, from decoded blocks of `Columns` columns in runs of `Length`, the first of
/// which is a run's first; adds to the sums. `InPlace`: blocks of 8-bit codes where they lie, see
/// locate_blocks. With each block comes a line of `next` into the cache: what will be decoded then.
template <index_t Columns, index_t Length, int Slices, int Tokens, bool Scaled = false,
          bool InPlace = false>
void multiply_decoded(uint8_t const* decoded, index_t blocks, uint8_t const* x, float* sums,
                      uint8_t const* next) noexcept {
  constexpr int quads = static_cast<int>(Columns / PanelLayout::quad);
  constexpr DigitLayout layout{Slices, Columns, Tokens, Scaled};
  [[maybe_unused]] Run<quads, Tokens> run;
  [[maybe_unused]] __m512 total[std::size_t{Tokens}];
  if constexpr (Length == 1) {
    _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; ++t) total[t] =
        _mm512_load_ps(sums + t * PanelLayout::lanes);
  }
  __m512 scale = _mm512_load_ps(decoded);
  uint8_t const* codes = decoded + PanelLayout::line;
  if constexpr (InPlace)
    __builtin_memcpy(&codes, decoded + PanelLayout::line, sizeof codes);
  constexpr index_t step = InPlace ? PanelLayout::lanes * Columns : decoded_bytes(Columns);
  for (index_t b = 0; b < blocks; ++b, codes += step) {
    _mm_prefetch(reinterpret_cast<char const*>(next + b * PanelLayout::line), _MM_HINT_T0);
    if constexpr (!InPlace)
      scale = _mm512_load_ps(codes - PanelLayout::line);
    __m512i quad[std::size_t{quads}];
    _Pragma("GCC unroll 8") for (int i = 0; i < quads; ++i) quad[i] =
        _mm512_load_si512(codes + i * PanelLayout::line);
    if constexpr (Length > 1) {
      if (b % Length == 0)
        run.start(x);
      run.add(quad, x);
      if (b % Length == Length - 1 || b == blocks - 1)
        run.finish(scale, sums);
    } else {
      _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; t += abreast<Tokens>)
          accumulate<quads, Slices, abreast<Tokens>, Scaled>(quad, x + t * layout.token_bytes(),
                                                             scale, total + t);
    }
    x += layout.block_bytes();
  }
  if constexpr (Length == 1) {
    _Pragma("GCC unroll 16") for (int t = 0; t < Tokens; ++t)
        _mm512_store_ps(sums + t * PanelLayout::lanes, total[t]);
  }
}

}  // namespace qfmt::x86::avx512_vnni
QFMT_END_TARGET

#endif
