// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/digits.hpp>
#include <qfmt/tensor/isa.hpp>

#if defined(QFMT_X86)
#include <immintrin.h>

// Panels into integers and scales, on AVX-512 with VBMI.

QFMT_BEGIN_AVX512_VNNI
namespace qfmt::x86::avx512_vnni {

[[nodiscard]] inline __m128i load_16(uint8_t const* from) noexcept {
  return _mm_load_si128(reinterpret_cast<__m128i const*>(from));
}
[[nodiscard]] inline __m256i load_32(uint8_t const* from) noexcept {
  return _mm256_load_si256(reinterpret_cast<__m256i const*>(from));
}

/// What a token has for four columns of bytes, or two of words: an operand in memory.
struct Four {
  uint8_t bytes[4];
};

/// How far ahead of a product with few tokens weights are asked for where vectors have their full
/// width: Zen 5 then takes cold weights nearly as fast as those in its caches, and its own
/// prefetching keeps up with neither few tokens nor several.
inline constexpr index_t fetch_distance = 8192;

/// Asks for the lines of `Bytes`.
template <index_t Bytes>
inline void fetch_lines(uint8_t const* from) noexcept {
  _Pragma("GCC unroll 8") for (index_t i = 0; i < Bytes; i += PanelLayout::line)
      _mm_prefetch(reinterpret_cast<char const*>(from + i), _MM_HINT_T0);
}

/// 16 stored scales in binary32, those of UE4M3 times 2^-120.
template <class Stored>
[[nodiscard]] inline __m512 load_scales(uint8_t const* from) noexcept {
  if constexpr (same_as<Stored, Code<UE4M3>>) {
    // The byte, moved to the exponent's lower bits: its bias is 7 where binary32's is 127, hence
    // 2^-120; its subnormals are binary32's.
    //
    //     00000000 00000000 00000000 0eeeemmm
    //     00000eee emmm0000 00000000 00000000
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu8_epi32(load_16(from)), 20));
  } else if constexpr (same_as<Stored, Code<E8M0>>) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu8_epi32(load_16(from)), 23));
  } else if constexpr (same_as<Stored, Code<BF16>>) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load_32(from)), 16));
  } else if constexpr (same_as<Stored, Code<FP16>>) {
    return _mm512_cvtph_ps(load_32(from));
  } else {
    return _mm512_load_ps(from);
  }
}

/// The zero points of 16 rows, each in all four bytes of its lane.
[[nodiscard]] inline __m512i load_zero_points(uint8_t const* from) noexcept {
  __m512i const lanes =
      _mm512_and_si512(_mm512_cvtepi16_epi32(load_32(from)), _mm512_set1_epi32(0xFF));
  return _mm512_mullo_epi32(lanes, _mm512_set1_epi32(0x01010101));
}

/// A block of weights as unsigned integers, one vector for each quad of columns.
template <class S>
struct Block {
  using W = IntegerWeights<S>;
  static constexpr int quads = static_cast<int>(W::block / PanelLayout::quad);
  static constexpr index_t bytes = PanelLayout::lanes * W::block * W::map.code_bits / 8;
  __m512i quad[std::size_t{quads}];

  /// The table of the 16 codes, four times over: a lookup by the low 6 bits of a byte then ignores
  /// bits 4 and 5, and the instruction ignores 6 and 7.
  [[nodiscard]] static __m512i table() noexcept {
    return _mm512_broadcast_i32x4(
        _mm_loadu_si128(reinterpret_cast<__m128i const*>(W::table.data())));
  }

  void decode(uint8_t const* codes, __m512i values, __m512i zero_points) noexcept {
    if constexpr (W::map.code_bits == 8) {
      _Pragma("GCC unroll 8") for (int i = 0; i < quads; ++i) quad[i] =
          _mm512_load_si512(codes + 64 * i);
    } else {
      _Pragma("GCC unroll 4") for (int i = 0; i < quads / 2; ++i) {
        __m512i const line = _mm512_load_si512(codes + 64 * i);
        quad[2 * i] = _mm512_permutexvar_epi8(line, values);
        quad[2 * i + 1] = _mm512_permutexvar_epi8(_mm512_srli_epi16(line, 4), values);
      }
    }
    if constexpr (S::has_zero_point) {
      _Pragma("GCC unroll 8") for (int i = 0; i < quads; ++i) quad[i] =
          _mm512_sub_epi8(quad[i], zero_points);
    }
  }
};

/// store(block, scale) for blocks [first, first + count) of a panel.
template <class S, class Store>
inline void for_each_block(uint8_t const* panel, index_t padded, index_t first, index_t count,
                           Store const& store) noexcept {
  using W = IntegerWeights<S>;
  constexpr bool one_group = S::Granularity::cols == whole;
  index_t const blocks_of_group = (one_group ? padded : W::map.group) / W::block;
  __m512i const values = Block<S>::table();
  for (index_t b = first; b < first + count; ++b) {
    index_t const group = b / blocks_of_group;
    index_t const in_strip = group % W::map.groups;
    uint8_t const* const strip =
        panel + (one_group ? 0 : group / W::map.groups * W::map.strip_bytes());
    __m512i zero_points{};
    if constexpr (S::has_zero_point)
      zero_points = load_zero_points(strip + W::map.zero_points_at() +
                                     in_strip * PanelLayout::lanes * W::map.zero_point_bytes);
    Block<S> block;
    block.decode(strip + W::map.codes_at() +
                     (in_strip * blocks_of_group + b % blocks_of_group) * Block<S>::bytes,
                 values, zero_points);
    store(block, load_scales<typename S::Stored>(strip + in_strip * PanelLayout::lanes *
                                                             W::map.scale_bytes));
  }
}

/// Blocks [first, first + count) of a panel, decoded; see decoded_bytes.
template <class S>
void decode_blocks(uint8_t const* panel, index_t padded, index_t first, index_t count,
                   uint8_t* to) noexcept {
  for_each_block<S>(panel, padded, first, count, [&](Block<S> const& block, __m512 scale) {
    _mm512_store_ps(to, scale);
    _Pragma("GCC unroll 8") for (int i = 0; i < Block<S>::quads; ++i)
        _mm512_store_si512(to + (i + 1) * PanelLayout::line, block.quad[i]);
    to += decoded_bytes(IntegerWeights<S>::block);
  });
}

/// Whether a panel's codes are a block's integers as they lie, all with the row's scale.
template <class S>
inline constexpr bool in_place =
    IntegerWeights<S>::map.code_bits == 8 && !S::has_zero_point && S::Granularity::cols == whole;

/// Instead of decode_blocks, where nothing is to be decoded: the 16 scales, then the address of
/// block `first`.
template <class S>
void locate_blocks(uint8_t const* panel, index_t, index_t first, index_t, uint8_t* to) noexcept {
  static_assert(in_place<S>);
  _mm512_store_ps(to, load_scales<typename S::Stored>(panel));
  uint8_t const* const codes = panel + IntegerWeights<S>::map.codes_at() + first * Block<S>::bytes;
  __builtin_memcpy(to + PanelLayout::line, &codes, sizeof codes);
}

}  // namespace qfmt::x86::avx512_vnni
QFMT_END_TARGET

#endif
