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
// so that word i holds columns {2i, 2i+1, 2i+8, 2i+9}. The words of (g, segment s) lie together, in
// slot 8 s + (g ^ turn) of 16 bytes, where turn = 4 (s % 2) + 2 (s / 2): the eight slots of a segment
// are a line of 128 bytes, in another order in each. A tile can therefore be read in two orders:
//
//     LaneOwned   lane (g, t) reads the slot of segment t, 16 bytes at once, and step i multiplies
//                 word i: a lane needs the scales of one segment only, and of the activations 16
//                 neighbouring columns
//     Natural     step j multiplies segment j, of which lane (g, t) reads word t: columns in their
//                 usual order, as wgmma demands of its other operand in shared memory
//
// Of global memory both read whole sectors of 32 bytes, once. In shared memory, where loads of 4, 8
// and 16 bytes go through the banks 32, 16 and 8 lanes at a time, the turns keep the lanes that go
// together in different banks, in both orders.

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

  /// The slot of row g (of 8) and a segment, and the row that is in a slot.
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr int slot(int g, int in_segment) noexcept {
    return 8 * in_segment + (g ^ turn(in_segment));
  }
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr int row_in(int slot) noexcept {
    return slot % 8 ^ turn(slot / 8);
  }

  [[nodiscard]] QFMT_HOST_DEVICE static constexpr TilePlace place(int row, int col) noexcept {
    int const column = col % segment;
    int const i = column % 8 / 2;
    int const upper = column / 8;
    int const at = slot(row % 8, col / segment);
    if constexpr (Bits == 4) {
      return {4 * at + i, row / 8 + 2 * upper, column % 2};
    } else {
      return {byte_word(at, i, row / 8), upper, column % 2};
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
    int const at = slot(g, in_segment);
    return Bits == 4 ? 4 * at + i : byte_word(at, i, lower_row);
  }

 private:
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr int turn(int in_segment) noexcept {
    return 4 * (in_segment % 2) + 2 * (in_segment / 2);
  }
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

namespace detail {

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

/// Whether loads of `bytes` by all lanes go through the banks of shared memory without conflict: in
/// phases of 128 / bytes neighbouring lanes, which must read 32 different banks of 4 bytes.
/// `word_of(lane)` is the first word that a lane reads.
template <class WordOf>
constexpr bool without_conflicts(int bytes, WordOf const& word_of) noexcept {
  for (int first = 0; first < 32; first += 128 / bytes) {
    bool taken[32] = {};
    for (int lane = first; lane < first + 128 / bytes; ++lane) {
      for (int i = 0; i < bytes / 4; ++i) {
        int const bank = (word_of(lane) + i) % 32;
        if (taken[bank])
          return false;
        taken[bank] = true;
      }
    }
  }
  return true;
}

/// The loads of a tile in an order: 16 bytes for each lane (lane-owned), or a step's words.
template <int Bits>
constexpr bool reads_without_conflicts(ReadOrder order) noexcept {
  using Tile = PackedTile<Bits>;
  int const bytes = order == ReadOrder::LaneOwned ? 16 : Bits;
  for (int step = 0; step < 4; step += order == ReadOrder::LaneOwned ? 16 / Bits : 1) {
    if (!without_conflicts(bytes, [&](int lane) { return Tile::word(order, lane, step); }))
      return false;
  }
  return true;
}

}  // namespace detail

static_assert(detail::tile_is_bijective<4>() && detail::tile_is_bijective<8>());
static_assert(detail::order_serves_fragments<4>(ReadOrder::LaneOwned) &&
              detail::order_serves_fragments<4>(ReadOrder::Natural));
static_assert(detail::order_serves_fragments<8>(ReadOrder::LaneOwned) &&
              detail::order_serves_fragments<8>(ReadOrder::Natural));
static_assert(detail::reads_without_conflicts<4>(ReadOrder::LaneOwned) &&
              detail::reads_without_conflicts<4>(ReadOrder::Natural));
static_assert(detail::reads_without_conflicts<8>(ReadOrder::LaneOwned) &&
              detail::reads_without_conflicts<8>(ReadOrder::Natural));

}  // namespace qfmt::cuda
