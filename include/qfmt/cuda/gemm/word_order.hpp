// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/gemm/packed_tile.hpp>

// How the codes of a packed word are arranged in its bits. Every order has
//
//     take(word, pair)   the two codes of a pair, one in each half, as kernels take them
//     put(two, pair)     the bits of the word for them: the inverse
//     widen(code)        a code as take() leaves it in the low half
//     narrow(half)       the inverse

namespace qfmt::cuda {

/// E2M1: take() gives two codes with their fields where BF16 has its own, sign at bit 15, exponent
/// and mantissa at bits 8 to 6, which is the number times 2^-126. Nine instructions for the eight:
/// the bits of a pair lie so that a shift or a rotation and a mask bring them into place.
///
///     bit of a half    15 14 13 12 11 10  9  8  7  6  5  4  3  2  1  0
///     read by pair      3  1  1  1  0  2  2  2  3  3  1  0  0  0  2  3
///
/// (pairs 1 and 2 are rotated by 10 and by 14, so that some of their bits come from the other half)
struct RotatedNibbles {
  static constexpr uint32_t fields = 0x81C081C0;

  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t take(uint32_t word, int pair) noexcept {
    switch (pair) {
      case 0:
        return (word << 4) & fields;
      case 1:
        return rotate(word, 10) & fields;
      case 2:
        return rotate(word, 14) & fields;
      default:
        return ((word << 8) & 0x01000100) | (word & 0x80C080C0);
    }
  }
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t put(uint32_t two, int pair) noexcept {
    switch (pair) {
      case 0:
        return two >> 4;
      case 1:
        return rotate(two, 22);
      case 2:
        return rotate(two, 18);
      default:
        return ((two & 0x01000100) >> 8) | (two & 0x80C080C0);
    }
  }
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t widen(uint32_t code) noexcept {
    return (code & 8) << 12 | (code & 7) << 6;
  }
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t narrow(uint32_t half) noexcept {
    return (half >> 12 & 8) | (half >> 6 & 7);
  }

 private:
  QFMT_HOST_DEVICE static constexpr uint32_t rotate(uint32_t x, int by) noexcept {
    return x << by | x >> (32 - by);
  }
};

/// INT4: nibble p of a half is pair p's, with its sign bit flipped: code + 8, which an addition can
/// turn into a number.
struct OffsetNibbles {
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t take(uint32_t word, int pair) noexcept {
    return (word >> (4 * pair)) & 0x000F000F;
  }
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t put(uint32_t two, int pair) noexcept {
    return two << (4 * pair);
  }
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t widen(uint32_t code) noexcept {
    return code ^ 8;
  }
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t narrow(uint32_t half) noexcept {
    return (half & 15) ^ 8;
  }
};

/// 8-bit codes, as they are: byte 2 * pair + half, so that a word is also a register of an 8-bit
/// tensor core instruction.
struct PlainBytes {
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t take(uint32_t word, int pair) noexcept {
    uint32_t const two = word >> (16 * pair) & 0xFFFF;
    return (two & 0xFF) | (two & 0xFF00) << 8;
  }
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t put(uint32_t two, int pair) noexcept {
    return ((two & 0xFF) | (two >> 8 & 0xFF00)) << (16 * pair);
  }
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t widen(uint32_t code) noexcept {
    return code;
  }
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t narrow(uint32_t half) noexcept {
    return half & 0xFF;
  }
};

/// The code at a place of a word, and the word's bits of a code there.
template <class WordOrder>
[[nodiscard]] QFMT_HOST_DEVICE constexpr uint32_t take_code(uint32_t word,
                                                            TilePlace place) noexcept {
  return WordOrder::narrow(WordOrder::take(word, place.pair) >> (16 * place.half) & 0xFFFF);
}
template <class WordOrder>
[[nodiscard]] QFMT_HOST_DEVICE constexpr uint32_t put_code(uint32_t code,
                                                           TilePlace place) noexcept {
  return WordOrder::put(WordOrder::widen(code) << (16 * place.half), place.pair);
}

namespace detail {

/// Whether a word of zero codes, with one bit of one code set, differs from it in one bit, a
/// different one for each: then every word is one list of codes, and the other way round.
template <class WordOrder, int Bits>
constexpr bool word_order_is_bijective() noexcept {
  uint32_t seen = 0;
  int single = 0;
  for (int pair = 0; pair < 16 / Bits; ++pair) {
    for (int half = 0; half < 2; ++half) {
      for (int bit = 0; bit < Bits; ++bit) {
        TilePlace const place{0, pair, half};
        uint32_t const change =
            put_code<WordOrder>(uint32_t{1} << bit, place) ^ put_code<WordOrder>(0, place);
        single += change != 0 && (change & (change - 1)) == 0 && (seen & change) == 0 ? 1 : 0;
        seen |= change;
        if (take_code<WordOrder>(put_code<WordOrder>(uint32_t{1} << bit, place), place) !=
            uint32_t{1} << bit)
          return false;
      }
    }
  }
  return single == 32;
}

}  // namespace detail

static_assert(detail::word_order_is_bijective<RotatedNibbles, 4>());
static_assert(detail::word_order_is_bijective<OffsetNibbles, 4>());
static_assert(detail::word_order_is_bijective<PlainBytes, 8>());

}  // namespace qfmt::cuda
