// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/bf16_weights.hpp>
#include <qfmt/gemm/x86/vnni_decode.hpp>

#if defined(QFMT_X86)

// Panels into pairs of columns in BF16, on AVX-512: a dword lane is a weight row.

QFMT_BEGIN_AVX512_BF16
namespace qfmt::x86::avx512_bf16 {

using avx512_vnni::Four;
using avx512_vnni::load_scales;

/// Where codes are: a walk through the blocks of a panel.
template <class S>
struct Place {
  using W = Bf16Weights<S>;
  static constexpr index_t half = 16;  // columns that share a scale, whatever the scheme
  uint8_t const* panel;
  index_t group;  // columns

  Place(uint8_t const* from, index_t padded) noexcept
      : panel{from}, group{W::one_scale ? padded : W::map.group} {}

  [[nodiscard]] uint8_t const* codes(index_t column) const noexcept {
    return strip(column) + W::map.codes_at() +
           (W::one_scale ? column : column % W::map.strip_columns()) * PanelLayout::lanes *
               W::map.code_bits / 8;
  }
  [[nodiscard]] uint8_t const* scales(index_t column) const noexcept {
    return strip(column) + column / group % W::map.groups * PanelLayout::lanes * W::map.scale_bytes;
  }

 private:
  [[nodiscard]] uint8_t const* strip(index_t column) const noexcept {
    return panel + (W::one_scale ? 0 : column / W::map.strip_columns() * W::map.strip_bytes());
  }
};

/// Codes of 16 columns as pairs in BF16.
template <class S>
struct HalfBlock {
  using W = Bf16Weights<S>;
  static constexpr int pairs = 8;
  static constexpr index_t bytes = PanelLayout::lanes * 16 * W::map.code_bits / 8;
  __m512i pair[std::size_t{pairs}];

  void decode(uint8_t const* codes, [[maybe_unused]] __m512 scale) noexcept {
    if constexpr (W::map.code_bits == 4) {
      __m512i const words = _mm512_loadu_si512(W::words.data());
      __m512i line{};
      _Pragma("GCC unroll 8") for (int i = 0; i < pairs; ++i) {
        line = i % 4 == 0 ? _mm512_load_si512(codes + i / 4 * PanelLayout::line)
                          : _mm512_srli_epi16(line, 4);
        pair[i] = _mm512_permutexvar_epi16(line, words);
        if constexpr (W::scaled_codes)
          pair[i] = times(pair[i], scale);
      }
    } else {
      static constexpr std::array<uint8_t, 128> low = W::bytes(16);
      static constexpr std::array<uint8_t, 128> high = W::bytes(24);
      static constexpr std::array<uint8_t, 64> places[] = {interleaving(0), interleaving(2)};
      __m512i const first = _mm512_loadu_si512(places[0].data());
      __m512i const second = _mm512_loadu_si512(places[1].data());
      _Pragma("GCC unroll 4") for (int i = 0; i < pairs / 2; ++i) {
        __m512i const line = _mm512_load_si512(codes + i * PanelLayout::line);
        __m512i const lows = lookup(line, low);
        // The sign is the code's.
        __m512i const highs = _mm512_ternarylogic_epi32(line, _mm512_set1_epi8(-128),
                                                        lookup(line, high), 0xEA);  // a & b | c
        pair[2 * i] = _mm512_permutex2var_epi8(lows, first, highs);
        pair[2 * i + 1] = _mm512_permutex2var_epi8(lows, second, highs);
      }
    }
  }

 private:
  /// BF16 by binary32, exact in BF16: the product has at most 8 bits.
  [[nodiscard]] static __m512i times(__m512i words, __m512 scale) noexcept {
    __m512i const high = _mm512_set1_epi32(static_cast<int>(0xFFFF0000u));
    __m512 const even = _mm512_mul_ps(_mm512_castsi512_ps(_mm512_slli_epi32(words, 16)), scale);
    __m512 const odd = _mm512_mul_ps(_mm512_castsi512_ps(_mm512_and_si512(words, high)), scale);
    return _mm512_or_si512(_mm512_srli_epi32(_mm512_castps_si512(even), 16),
                           _mm512_castps_si512(odd));
  }
  /// Entries of a table by the low 7 bits of each byte.
  [[nodiscard]] static __m512i lookup(__m512i line,
                                      std::array<uint8_t, 128> const& table) noexcept {
    return _mm512_permutex2var_epi8(_mm512_loadu_si512(table.data()), line,
                                    _mm512_loadu_si512(table.data() + 64));
  }
  /// Where, among 64 low bytes and then 64 high ones, those of columns `from` and `from` + 1 of each
  /// row are.
  [[nodiscard]] static constexpr std::array<uint8_t, 64> interleaving(int from) noexcept {
    std::array<uint8_t, 64> out{};
    for (int i = 0; i < 64; ++i)
      out[static_cast<std::size_t>(i)] =
          static_cast<uint8_t>(i / 4 * 4 + from + i % 4 / 2 + i % 2 * 64);
    return out;
  }
};

/// The scales of 16 columns as they are: those of UE4M3 are loaded times 2^-120.
template <class S>
[[nodiscard]] inline __m512 scales_of(uint8_t const* from) noexcept {
  __m512 const scales = load_scales<typename S::Stored>(from);
  if constexpr (Bf16Weights<S>::scaled_codes) {
    return _mm512_mul_ps(scales, _mm512_set1_ps(0x1p120f));
  } else {
    return scales;
  }
}

/// Blocks [first, first + count) of a panel, decoded; see Bf16Weights::decoded_block.
template <class S>
void decode_pairs(uint8_t const* panel, index_t padded, index_t first, index_t count,
                  uint8_t* to) noexcept {
  using W = Bf16Weights<S>;
  Place<S> const place{panel, padded};
  for (index_t b = first; b < first + count; ++b) {
    for (index_t column = b * W::block; column < (b + 1) * W::block; column += Place<S>::half) {
      __m512 const scale = scales_of<S>(place.scales(column));
      if (column % W::block == 0) {
        _mm512_store_ps(to, scale);
        to += PanelLayout::line;
      }
      HalfBlock<S> half;
      half.decode(place.codes(column), scale);
      _Pragma("GCC unroll 8") for (__m512i const pair : half.pair) {
        _mm512_store_si512(to, pair);
        to += PanelLayout::line;
      }
    }
  }
}

}  // namespace qfmt::x86::avx512_bf16
QFMT_END_TARGET

#endif
