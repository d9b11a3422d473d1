// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/shape.hpp>

namespace qfmt {

/// A tile side that spans the full extent of the matrix.
inline constexpr index_t whole = 0;

/// Every granularity is a tiling: one scale owns one tile of Rows x Cols elements. Tiles start at
/// (0, 0); the last ones may be cut off by the edge.
template <index_t Rows, index_t Cols>
requires(Rows >= 0 && Cols >= 0) struct Tiling {
  static constexpr index_t rows = Rows;
  static constexpr index_t cols = Cols;

  /// The size of a full tile of a matrix.
  QFMT_HOST_DEVICE static constexpr Shape tile(Shape matrix) noexcept {
    return {Rows == whole ? matrix.rows : Rows, Cols == whole ? matrix.cols : Cols};
  }

  /// The shape of the matrix of scales. An empty side has no tiles.
  QFMT_HOST_DEVICE static constexpr Shape scale_shape(Shape matrix) noexcept {
    Shape const t = tile(matrix);
    return {t.rows == 0 ? 0 : ceil_div(matrix.rows, t.rows),
            t.cols == 0 ? 0 : ceil_div(matrix.cols, t.cols)};
  }

  /// Which scale belongs to element (row, col): the one place where this is written.
  QFMT_HOST_DEVICE static constexpr index_t scale_index(index_t row, index_t col,
                                                        index_t scale_cols) noexcept {
    return (Rows == whole ? 0 : row / Rows) * scale_cols + (Cols == whole ? 0 : col / Cols);
  }

  /// Columns of a row in memory: whole tiles, so that kernels read no partial one.
  QFMT_HOST_DEVICE static constexpr index_t padded_cols(index_t matrix_cols) noexcept {
    return Cols == whole ? matrix_cols : round_up(matrix_cols, Cols);
  }
};

using PerTensor = Tiling<whole, whole>;
/// Weights (out, in): one scale for each output channel.
using PerChannel = Tiling<1, whole>;
/// Activations (tokens, features): one scale for each token.
using PerToken = Tiling<1, whole>;
/// One scale for N consecutive elements of a row.
template <index_t N>
using PerGroup = Tiling<1, N>;
/// One scale for a block of M rows and N columns.
template <index_t M, index_t N>
using PerBlock = Tiling<M, N>;

template <class G>
concept Granularity = requires(Shape matrix, index_t i) {
  { G::tile(matrix) } -> same_as<Shape>;
  { G::scale_shape(matrix) } -> same_as<Shape>;
  { G::scale_index(i, i, i) } -> same_as<index_t>;
  { G::padded_cols(i) } -> same_as<index_t>;
};

static_assert(Granularity<PerTensor> && Granularity<PerChannel> && Granularity<PerGroup<16>>);
static_assert(PerBlock<128, 128>::scale_shape({300, 256}) == Shape{3, 2});

}  // namespace qfmt
