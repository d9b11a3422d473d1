// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/shape.hpp>

// Where the scale of tile (row, col) is in memory. Layouts are types, so that a buffer in one of
// them cannot be handed to a kernel that reads another.
//
//     size(scales)                how many elements the buffer has, padding included
//     offset(scales, row, col)    where the scale of a tile is; different for different tiles
//     padded(scales)              the rows and columns that together fill the buffer exactly
//
// `scales` is the shape of the matrix of scales: rows of the quantized matrix times ceil(K /
// block). Padding must be written too; rearrange() writes zeros.

namespace qfmt {

/// One row after the other, no padding: as checkpoints store scales.
struct RowMajor {
  static constexpr char const* name = "row_major";
  QFMT_HOST_DEVICE static constexpr Shape padded(Shape scales) noexcept { return scales; }
  QFMT_HOST_DEVICE static constexpr index_t size(Shape scales) noexcept { return scales.size(); }
  QFMT_HOST_DEVICE static constexpr index_t offset(Shape scales, index_t row,
                                                   index_t col) noexcept {
    return row * scales.cols + col;
  }
};

/// The layout of block scales that tensor cores from Blackwell on read (cuBLASLt, tcgen05, CUTLASS
/// SfAtom): atoms of 128 rows and 4 columns, 512 bytes each, the columns' atoms next to each other.
/// Within an atom rows r, r + 32, r + 64, r + 96 stand together:
///
///     byte   0 .. 3     row 0,  columns 0 to 3
///     byte   4 .. 7     row 32, columns 0 to 3
///     byte   8 .. 15    rows 64 and 96
///     byte  16 .. 31    rows 1, 33, 65, 97          and so on
///
/// cuBLAS documentation, "1D Block Scaling Factors Layout".
struct Swizzled128x4 {
  static constexpr char const* name = "swizzled_128x4";
  QFMT_HOST_DEVICE static constexpr Shape padded(Shape scales) noexcept {
    return {round_up(scales.rows, 128), round_up(scales.cols, 4)};
  }
  QFMT_HOST_DEVICE static constexpr index_t size(Shape scales) noexcept {
    return padded(scales).size();
  }
  QFMT_HOST_DEVICE static constexpr index_t offset(Shape scales, index_t row,
                                                   index_t col) noexcept {
    index_t const atom = (row / 128) * ceil_div(scales.cols, 4) + col / 4;
    return atom * 512 + (row % 32) * 16 + (row % 128) / 32 * 4 + col % 4;
  }
};

/// Atoms of 8 rows and 4 columns, row by row: FlashInfer's and TensorRT-LLM's layout for few
/// tokens.
struct Swizzled8x4 {
  static constexpr char const* name = "swizzled_8x4";
  QFMT_HOST_DEVICE static constexpr Shape padded(Shape scales) noexcept {
    return {round_up(scales.rows, 8), round_up(scales.cols, 4)};
  }
  QFMT_HOST_DEVICE static constexpr index_t size(Shape scales) noexcept {
    return padded(scales).size();
  }
  QFMT_HOST_DEVICE static constexpr index_t offset(Shape scales, index_t row,
                                                   index_t col) noexcept {
    return ((row / 8) * ceil_div(scales.cols, 4) + col / 4) * 32 + (row % 8) * 4 + col % 4;
  }
};

/// Four E8M0 scales along K in a 32-bit word, lowest byte first; words of one column of K next to
/// each other, rows padded to 16 bytes: DeepGEMM's layout ("MN-major, TMA-aligned").
struct ColumnMajorWords {
  static constexpr char const* name = "column_major_words";
  QFMT_HOST_DEVICE static constexpr Shape padded(Shape scales) noexcept {
    return {round_up(scales.rows, 4), round_up(scales.cols, 4)};
  }
  QFMT_HOST_DEVICE static constexpr index_t size(Shape scales) noexcept {
    return padded(scales).size();
  }
  QFMT_HOST_DEVICE static constexpr index_t offset(Shape scales, index_t row,
                                                   index_t col) noexcept {
    return ((col / 4) * round_up(scales.rows, 4) + row) * 4 + col % 4;
  }
};

template <class L>
concept ScaleLayout = requires(Shape scales, index_t i) {
  { L::name } -> convertible_to<char const*>;
  { L::size(scales) } -> same_as<index_t>;
  { L::padded(scales) } -> same_as<Shape>;
  { L::offset(scales, i, i) } -> same_as<index_t>;
};

static_assert(ScaleLayout<RowMajor> && ScaleLayout<Swizzled128x4>);
static_assert(ScaleLayout<Swizzled8x4> && ScaleLayout<ColumnMajorWords>);
static_assert(Swizzled128x4::offset({256, 8}, 130, 5) == (2 + 1) * 512 + 2 * 16 + 1);

/// Copies scales from one layout to another and zeros the padding. `to` holds To::size(scales)
/// elements.
template <ScaleLayout From, ScaleLayout To, class T>
QFMT_HOST_DEVICE constexpr void rearrange(T const* from, Shape scales, T* to) noexcept {
  index_t const size = To::size(scales);
  if (size != scales.size()) {
    for (index_t i = 0; i < size; ++i) to[i] = T{};
  }
  for (index_t row = 0; row < scales.rows; ++row) {
    for (index_t col = 0; col < scales.cols; ++col) {
      to[To::offset(scales, row, col)] = from[From::offset(scales, row, col)];
    }
  }
}

}  // namespace qfmt
