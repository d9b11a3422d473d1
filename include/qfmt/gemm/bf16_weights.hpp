// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include <qfmt/gemm/float_weights.hpp>

// Products in BF16: codes are BF16 numbers exactly, and an instruction adds the products of a pair
// of columns to a sum in binary32. A block of 32 columns is summed from +0, then added to the
// token's sum.

namespace qfmt {

/// How the codes of a scheme become BF16, and where they lie then.
template <Prepackable S>
struct Bf16Weights {
  using F = typename S::Format;
  static constexpr PanelLayout map = panel_layout<S>(32);
  static constexpr index_t block = 32;
  static constexpr index_t pair = 2;
  static constexpr index_t pairs = block / pair;

  /// Scales of UE4M3 go into the weights, which stay exact: 4 bits by 4 bits. Others are for whole
  /// blocks, whose sums they multiply; that of a channel comes last of all.
  static constexpr bool scaled_codes = same_as<typename S::Stored, Code<UE4M3>>;
  static constexpr bool one_scale = S::Granularity::cols == whole;

  /// A block after decoding: 16 scales in binary32, then for each pair of columns a line.
  static constexpr index_t decoded_block = PanelLayout::line * (1 + pairs);

  /// The column of a block that each of its 32 places holds. With 4 bits a word has four codes, and
  /// a lookup takes the lowest of each word of a line:
  ///
  ///     line of columns 0 .. 7    7777 3333 6666 2222   5555 1111 4444 0000
  ///     shifted by 0, 4, 8, 12    pairs (0, 2), (4, 6), (1, 3), (5, 7)
  static constexpr std::array<uint16_t, block> column_of = [] {
    constexpr uint16_t of_line[] = {0, 2, 4, 6, 1, 3, 5, 7};
    std::array<uint16_t, block> out{};
    for (uint16_t i = 0; i < block; ++i)
      out[i] = F::bits == 4 ? static_cast<uint16_t>(i / 8 * 8 + of_line[i % 8]) : i;
    return out;
  }();

  [[nodiscard]] static constexpr uint32_t bits_of(uint32_t code) noexcept {
    return bit_cast<uint32_t>(decode(Code<F>{static_cast<typename F::storage_type>(code)}));
  }

  /// BF16 of the 16 codes of 4 bits, twice over: a lookup by the low 5 bits of a word then ignores
  /// bit 4.
  static constexpr std::array<uint16_t, 32> words = [] {
    std::array<uint16_t, 32> out{};
    for (uint32_t code = 0; F::bits == 4 && code < 32; ++code)
      out[code] = static_cast<uint16_t>(bits_of(code % 16) >> 16);
    return out;
  }();

  /// One byte of the BF16 of the 128 magnitudes of 8 bits: `shift` is 16 for the low one, 24 for
  /// the high one.
  [[nodiscard]] static constexpr std::array<uint8_t, 128> bytes(int shift) noexcept {
    std::array<uint8_t, 128> out{};
    for (uint32_t code = 0; F::bits == 8 && code < 128; ++code)
      out[code] = static_cast<uint8_t>(bits_of(code) >> shift);
    return out;
  }
};

/// Whether Bf16Weights describes a scheme: 4 bits without zero points, or floats of 8 bits.
template <class S>
inline constexpr bool has_bf16_weights = false;
template <Prepackable S>
inline constexpr bool has_bf16_weights<S> = [] {
  using W = Bf16Weights<S>;
  if (S::has_zero_point || !(W::scaled_codes || W::map.group % W::block == 0))
    return false;
  if constexpr (S::Format::bits == 8)
    return has_float_weights<S> && !W::scaled_codes;
  // With a scale of 4 bits, 4 bits are what a code may have.
  uint32_t const beyond = W::scaled_codes ? 0x000FFFFFu : 0x0000FFFFu;
  for (uint32_t code = 0; S::Format::bits == 4 && code < 16; ++code) {
    if ((W::bits_of(code) & beyond) != 0)
      return false;
  }
  return true;
}();

static_assert(has_bf16_weights<BlockScheme<NVFP4>> && has_bf16_weights<BlockScheme<MXFP8_E5M2>>);
static_assert(Bf16Weights<BlockScheme<MXFP4>>::words[5] == 0x4040);  // 3

}  // namespace qfmt
