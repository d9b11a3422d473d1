// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include <qfmt/core/bit.hpp>
#include <qfmt/gemm/panel_layout.hpp>

// Products in integers: what the kernels agree on, whatever instructions they are made of.
//
// An activation becomes an integer v = round(x / scale), a weight code an integer w = value / unit,
// and a block of 16 or 32 columns gives the integer sum of v w, which is exact. The instruction
// multiplies unsigned by signed bytes, so v is written in signed digits of base 256, and weights as
// u = w + offset; then sum of v w = sum of v u - offset * sum of v, and the second term, which
// depends on the token only, is where the sum starts from: its seed.

namespace qfmt {

/// The integers that the codes of a scheme stand for.
template <Prepackable S>
struct IntegerWeights {
  using F = typename S::Format;
  static constexpr PanelLayout map = panel_layout<S>(32);

  /// Columns of a block: one integer sum, one conversion to binary32.
  static constexpr index_t block = map.group % 32 == 0 ? 32 : 16;

  /// Blocks in a row that share a scale, and whose sum with one digit is added up in integers
  /// before it is converted: up to 1024 columns, for 127 * 128 * 1024 < 2^24. With more digits it
  /// is 1.
  static constexpr index_t run_of(int slices) noexcept {
    index_t const columns = S::Granularity::cols == whole ? 1024 : map.group;
    return slices > 1 ? 1 : (columns < 1024 ? columns : 1024) / block;
  }

  /// What the integer 1 is worth: E2M1 counts in halves.
  static constexpr float unit = [] {
    float out = 1.0f;
    if constexpr (F::bits == 4) {
      auto const counted = [&](float x) {
        return x / out == static_cast<float>(static_cast<int>(x / out));
      };
      for (uint32_t code = 0; code < 16; ++code) {
        while (!counted(decode(Code<F>{static_cast<typename F::storage_type>(code)})) &&
               out > 0x1p-8f)
          out *= 0.5f;
      }
    }
    return out;
  }();

  /// The integer of a 4-bit code.
  static constexpr int integer(uint32_t code) noexcept {
    return static_cast<int>(decode(Code<F>{static_cast<typename F::storage_type>(code)}) / unit);
  }

  /// What makes it unsigned; with zero points, w - zero_point. The panel stores 8-bit integers
  /// so already.
  static constexpr int offset = [] {
    if (F::bits == 8)
      return 128;
    int lowest = 0;
    int highest = 0;
    for (uint32_t code = 0; code < 16; ++code) {
      lowest = integer(code) < lowest ? integer(code) : lowest;
      highest = integer(code) > highest ? integer(code) : highest;
    }
    return S::has_zero_point ? highest - lowest : -lowest;
  }();

  /// The largest u.
  static constexpr int largest = [] {
    int out = F::bits == 8 ? 255 : 0;
    for (uint32_t code = 0; F::bits == 4 && code < 16; ++code)
      out = integer(code) + offset > out ? integer(code) + offset : out;
    return S::has_zero_point ? 2 * offset : out;
  }();

  /// u for each 4-bit code.
  static constexpr std::array<uint8_t, 16> table = [] {
    std::array<uint8_t, 16> out{};
    for (uint32_t code = 0; code < 16; ++code)
      out[code] = static_cast<uint8_t>(integer(code) + offset);
    return out;
  }();
};

/// Whether the codes of a scheme are small integers times a power of two, so that IntegerWeights
/// describes them: E2M1, INT4 and the like, INT8 without zero points.
template <class S>
inline constexpr bool has_integer_weights = false;
template <Prepackable S>
inline constexpr bool has_integer_weights<S> = [] {
  using F = typename S::Format;
  if constexpr (F::bits == 4) {
    for (uint32_t code = 0; code < 16; ++code) {
      float const fourfold = 4 * decode(Code<F>{static_cast<typename F::storage_type>(code)});
      if (!(fourfold >= -32.0f && fourfold <= 32.0f) ||
          fourfold != static_cast<float>(static_cast<int>(fourfold)))
        return false;
    }
    return true;
  } else {
    return IntegerFormat<F> && decode(Code<F>{1}) == 1.0f && decode(Code<F>{128}) == -128.0f &&
           !S::has_zero_point;
  }
}();

/// Where the digits of a tile of tokens lie, in the order in which a kernel reads them:
///
///     block 0: token 0, token 1, ...   block 1: token 0, ...
///     token    digits of slice 0, the highest | slice 1 | ... | seeds, an int32 for each slice
///
/// The seeds, with C = -offset * sum of v over the block:
///
///     1 slice    C
///     2 slices   C >> 8, (C & 255) << 24: v = 256 high + low, the sum of the high digits starts
///                from the first, and the second's top byte is shifted in before the low ones
///     3 slices   as 1 slice for the highest digits, then as 2 slices for the rest
///
/// The first block of a run has the seed of all of it, the others of the run have 0. Tokens that
/// were quantized before, by block, have the block's scale behind the seeds, in binary32.
struct DigitLayout {
  int slices = 1;
  index_t block = 16;
  index_t tokens = 1;
  bool scaled = false;

  [[nodiscard]] constexpr index_t token_bytes() const noexcept {
    return slices * (block + 4) + (scaled ? 4 : 0);
  }
  [[nodiscard]] constexpr index_t block_bytes() const noexcept { return tokens * token_bytes(); }
  [[nodiscard]] constexpr index_t bytes(index_t padded_cols) const noexcept {
    return padded_cols / block * block_bytes();
  }
};

/// Where tokens lie for kernels that multiply words: v = 65536 top + low, low a signed word, and
/// weights are signed words w.
///
///     1, 2 slices     low, a word for each column
///     3 slices        top, a signed byte for each column | the seed of the top ones, an int32 | low
///     3, `all` words  top, a word for each column | low + 128
///
/// In all words top is the highest of the digits, so that sums are theirs: low then reaches from
/// -128 * 257 to 127 * 257, and 128 more is a word. Tokens that were quantized by block have the
/// block's scale behind. The columns of a quad follow in the order 0 2 1 3, which is how its bytes
/// become words.
struct WordLayout {
  int slices = 2;
  index_t block = 16;
  bool all = false;
  bool scaled = false;

  [[nodiscard]] constexpr index_t low_at() const noexcept {
    return slices < 3 ? 0 : all ? 2 * block : block + 4;
  }
  [[nodiscard]] constexpr index_t scale_at() const noexcept { return low_at() + 2 * block; }
  [[nodiscard]] constexpr index_t token_bytes() const noexcept {
    return scale_at() + (scaled ? 4 : 0);
  }
};

/// Whether words give the bits that digits give: with three slices the sum of low must be exact in
/// binary32 however v is split, and digits of 8 bits split off a low one of 257 * 128 at most.
template <Prepackable S>
[[nodiscard]] constexpr bool has_words(int slices) noexcept {
  using W = IntegerWeights<S>;
  index_t const above = W::largest - W::offset;
  index_t const magnitude = above > W::offset ? above : index_t{W::offset};
  return slices == 2 || (slices == 3 && W::block * magnitude * (257 * 128) < index_t{1} << 24);
}

/// A block of a panel after decoding, for use with many tokens: 16 scales in binary32, then for
/// each quad of columns a line of unsigned integers.
[[nodiscard]] constexpr index_t decoded_bytes(index_t block) noexcept {
  return PanelLayout::lanes * (4 + block);
}

/// How a token becomes integers: v = round(x * to_integer), x is about v * scale.
struct TokenScale {
  float scale = 0.0f;
  float to_integer = 0.0f;
};

/// From the bits of the largest magnitude of a token. One slice: it becomes 127. More: the scale is
/// the smallest power of two with which all digits fit, so |v| < 2^(8 slices - 1). NaN or infinity
/// in the token: the scale is NaN, all integers 0.
[[nodiscard]] constexpr TokenScale token_scale(uint32_t amax_bits, int slices) noexcept {
  constexpr uint32_t infinity = IeeeTraits<float>::infinity;
  constexpr uint32_t smallest = uint32_t{127 - 100} << 23;  // 2^-100
  if (amax_bits >= infinity)
    return {bit_cast<float>(infinity | 1u << 22), 0.0f};
  uint32_t const bits = amax_bits < smallest ? smallest : amax_bits;
  if (slices == 1) {
    float const amax = bit_cast<float>(bits);
    return {amax / 127.0f, 127.0f / amax};
  }
  // Digits reach 127 * 256 + 127 = 2^14 * 1.1111 1101 1111 11 (binary). Larger mantissas take the
  // next exponent.
  //
  //     seeeeeee emmmmmmm mmmmmmmm mmmmmmmm
  //              01111110 11111110 00000000   0x7EFE00
  uint32_t const exponent = (bits >> 23) + ((bits & 0x7FFFFFu) > 0x7EFE00u ? 1u : 0u);
  uint32_t const top = slices == 2 ? 14u : 22u;
  return {bit_cast<float>((exponent - top) << 23), bit_cast<float>((254u + top - exponent) << 23)};
}

static_assert(token_scale(0x3F800000u, 2).scale == 0x1p-14f);
static_assert(token_scale(0x3F800000u, 3).to_integer == 0x1p22f);
static_assert(token_scale(0x42FE0000u, 1).scale == 1.0f);
static_assert(IntegerWeights<BlockScheme<NVFP4>>::offset == 12);
static_assert(IntegerWeights<BlockScheme<NVFP4>>::unit == 0.5f);

}  // namespace qfmt
