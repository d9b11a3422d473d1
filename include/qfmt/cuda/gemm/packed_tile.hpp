// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/config.hpp>

// The one layout of weights that every kernel reads, for every number of tokens: tiles of 16 rows
// and 64 columns in the order of the registers that multiply them. Weights are the left operand of
// the tensor cores' instructions (16 rows by 16 columns for a warp), tokens the right one.
//
// 16 columns of a tile are a segment. Lane g * 4 + t of a warp (g of 8, t of 4) holds, of a segment
// and of rows g and g + 8, what mma.m16n8k16 and wgmma take in their four registers:
//
//     column in the segment   0 1   2 3   4 5   6 7   8 9  10 11  12 13  14 15
//     word i                  0     1     2     3     0     1      2      3
//     of row g, g + 8         registers 0, 1          registers 2, 3
//
// so that word i holds columns {2i, 2i+1, 2i+8, 2i+9}. The words of (g, segment) lie together, in
// slot 8 * segment + g of 16 bytes. A tile can therefore be read in two orders:
//
//     LaneOwned   lane (g, t) reads the slot of segment t, 16 bytes at once, and step i multiplies
//                 word i: a lane needs the scales of one segment only, and of the activations 16
//                 neighbouring columns
//     Natural     step j multiplies segment j, of which lane (g, t) reads word t: columns in their
//                 usual order, as wgmma demands of its other operand in shared memory
//
// Both read whole lines, and shared memory without bank conflicts.

namespace qfmt::cuda {

enum class ReadOrder : uint8_t { LaneOwned, Natural };

/// Where an element of a tile is: the word, counted from the start of the tile, and in it the half
/// (0 low, 1 high) of a pair. A word is four pairs of 4-bit codes, of rows g, g + 8, g, g + 8; or two
/// pairs of 8-bit codes, of one row.
struct TilePlace {
  int word = 0;
  int pair = 0;
  int half = 0;

  QFMT_HOST_DEVICE friend constexpr bool operator==(TilePlace const&, TilePlace const&) = default;
};

/// The map, for codes of 4 or 8 bits.
template <int Bits>
requires(Bits == 4 || Bits == 8) struct PackedTile {
  static constexpr int rows = 16;
  static constexpr int cols = 64;
  static constexpr int segment = 16;
  static constexpr int bytes = rows * cols * Bits / 8;
  static constexpr int words = bytes / 4;
  static constexpr int words_per_lane = words / 32;
  static constexpr int codes_per_word = 32 / Bits;
  /// 8-bit tiles are two planes of slots: words 0 and 1 of a segment, words 2 and 3. In the second,
  /// rows g and g ^ 4 have changed places, so that lanes that read both planes at once (natural
  /// order) meet different banks.
  static constexpr int plane_words = 128;

  [[nodiscard]] QFMT_HOST_DEVICE static constexpr TilePlace place(int row, int col) noexcept {
    int const column = col % segment;
    int const i = column % 8 / 2;
    int const slot = 8 * (col / segment) + row % 8;
    int const upper = column / 8;
    if constexpr (Bits == 4) {
      return {4 * slot + i, row / 8 + 2 * upper, column % 2};
    } else {
      return {byte_word(slot, i, row / 8), upper, column % 2};
    }
  }

  /// The word that a lane multiplies in a step (0 to 3), for 8 bits the one of row g or g + 8
  /// (`lower_row` 0 or 1; a 4-bit word has both).
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr int word(ReadOrder order, int lane, int step,
                                                           int lower_row = 0) noexcept {
    int const g = lane / 4;
    int const t = lane % 4;
    int const in_segment = order == ReadOrder::LaneOwned ? t : step;
    int const i = order == ReadOrder::LaneOwned ? step : t;
    int const slot = 8 * in_segment + g;
    return Bits == 4 ? 4 * slot + i : byte_word(slot, i, lower_row);
  }

 private:
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr int byte_word(int slot, int i,
                                                                int lower_row) noexcept {
    int const plane = i / 2;
    return plane_words * plane + 4 * (slot ^ 4 * plane) + 2 * (i % 2) + lower_row;
  }
};

/// The column of the tile that a lane's register `upper` (0: registers 0 and 1 of the left operand
/// and 0 of the right one; 1: the others), half `half`, stands for in a step.
[[nodiscard]] QFMT_HOST_DEVICE constexpr int column_of(ReadOrder order, int t, int step, int upper,
                                                       int half) noexcept {
  int const in_segment = order == ReadOrder::LaneOwned ? t : step;
  int const i = order == ReadOrder::LaneOwned ? step : t;
  return 16 * in_segment + 2 * i + 8 * upper + half;
}

// How the codes of a word are arranged in its bits: put() is the inverse of take(), and take() is
// what kernels execute.

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
  /// A code in the fields of the low half, and back.
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

/// Whether every element of a tile has a place of its own.
template <int Bits>
constexpr bool tile_is_bijective() noexcept {
  using Tile = PackedTile<Bits>;
  bool seen[size_t{Tile::words}][size_t{16 / Bits}][2] = {};
  for (int row = 0; row < Tile::rows; ++row) {
    for (int col = 0; col < Tile::cols; ++col) {
      TilePlace const place = Tile::place(row, col);
      if (place.word < 0 || place.word >= Tile::words || seen[place.word][place.pair][place.half])
        return false;
      seen[place.word][place.pair][place.half] = true;
    }
  }
  return true;
}

/// Whether the words that a lane reads in an order hold the elements that the registers of
/// mma.m16n8k16 stand for: row g (register 0, 2) or g + 8 (1, 3), columns column_of().
template <int Bits>
constexpr bool order_serves_fragments(ReadOrder order) noexcept {
  using Tile = PackedTile<Bits>;
  for (int lane = 0; lane < 32; ++lane) {
    for (int step = 0; step < 4; ++step) {
      for (int reg = 0; reg < 4; ++reg) {
        for (int half = 0; half < 2; ++half) {
          int const row = lane / 4 + 8 * (reg % 2);
          int const col = column_of(order, lane % 4, step, reg / 2, half);
          TilePlace const expected =
              Bits == 4 ? TilePlace{Tile::word(order, lane, step), reg, half}
                        : TilePlace{Tile::word(order, lane, step, reg % 2), reg / 2, half};
          if (!(Tile::place(row, col) == expected))
            return false;
        }
      }
    }
  }
  return true;
}

}  // namespace detail

static_assert(detail::word_order_is_bijective<RotatedNibbles, 4>());
static_assert(detail::word_order_is_bijective<OffsetNibbles, 4>());
static_assert(detail::word_order_is_bijective<PlainBytes, 8>());
static_assert(detail::tile_is_bijective<4>() && detail::tile_is_bijective<8>());
static_assert(detail::order_serves_fragments<4>(ReadOrder::LaneOwned) &&
              detail::order_serves_fragments<4>(ReadOrder::Natural));
static_assert(detail::order_serves_fragments<8>(ReadOrder::LaneOwned) &&
              detail::order_serves_fragments<8>(ReadOrder::Natural));

}  // namespace qfmt::cuda
