// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>

#include <qfmt/calibration/symmetric_tiles.hpp>
#include <qfmt/core/bit.hpp>
#include <qfmt/core/parallel.hpp>

// The factorisation that quantization column by column needs. From the last column to the first,
//
//     H = R^T R      R lower triangular
//
// so that V = R^T is upper triangular with H = V V^T, and U = V^-1 the upper Cholesky factor of the
// inverse: H^-1 = U^T U. The inverse of H itself, and a second factorisation, are never needed.
// Golub and Van Loan, "Matrix Computations", 4th edition, section 4.2, from the other end.

namespace qfmt {

namespace detail {

/// Columns of tiles that are factored before the rest of the matrix sees them.
inline constexpr index_t panel_tiles = 4;

/// Solves R^T X = C for the tile C, in place; R is lower triangular. C may be R itself, symmetric
/// and not yet factored: then it becomes its factor. False, with C unspecified, if a pivot of that is
/// not positive.
inline bool solve_transposed(Isa isa, float const* factor, float* tile) noexcept {
  constexpr index_t side = tile_side;
  bool const factors = factor == tile;
  for (index_t k = side; k-- > 0;) {
    float* const row = tile + k * side;
    // The rows below are solved. In a factorisation they are rows of R, too.
    subtract_in_order(isa, row, row + side, factor + (k + 1) * side + k, side, side - 1 - k);
    float pivot = factor[k * side + k];
    if (factors) {
      if (!(pivot > 0.0f) || !is_finite(pivot))
        return false;
      pivot = std::sqrt(pivot);
      for (index_t c = k; c < side; ++c) row[c] = 0.0f;
    }
    for (index_t c = 0; c < side; ++c) row[c] /= pivot;
    if (factors)
      row[k] = pivot;
  }
  return true;
}

/// Solves R X = C for the tile C, in place; R is lower triangular.
inline void solve(Isa isa, float const* factor, float* tile) noexcept {
  constexpr index_t side = tile_side;
  for (index_t k = 0; k < side; ++k) {
    float* const row = tile + k * side;
    subtract_in_order(isa, row, tile, factor + k * side, 1, k);
    for (index_t c = 0; c < side; ++c) row[c] /= factor[k * side + k];
  }
}

inline void transpose_tile(float const* from, float* to) noexcept {
  for (index_t r = 0; r < tile_side; ++r)
    for (index_t c = 0; c < tile_side; ++c) to[c * tile_side + r] = from[r * tile_side + c];
}

}  // namespace detail

/// Replaces a symmetric positive definite matrix H by R, lower triangular, with H = R^T R. Rows
/// beyond the size become those of the identity. Binary32; the bits depend neither on the executor
/// nor on `isa`. Returns false, with the matrix unspecified, if a pivot is not positive and finite.
template <Executor E>
[[nodiscard]] bool factorize_from_end(SymmetricTiles& h, E&& executor, Isa isa = selected_isa()) {
  constexpr index_t side = tile_side;
  for (index_t i = h.size(); i < h.tiles() * side; ++i) h.lower(i, i) = 1.0f;
  for (index_t end = h.tiles(); end > 0;) {
    index_t const begin = (std::max<index_t>)(0, end - detail::panel_tiles);
    // R(k, j) for the tiles of the panel in column j: those below it are known.
    auto const finish_column = [&](index_t j, index_t first) {
      for (index_t k = end; k-- > first;) {
        float* const tile = h.tile(k, j);
        for (index_t l = end; l-- > k + 1;)
          accumulate_product<true>(isa, h.tile(l, k), side, h.tile(l, j), side, tile, side);
        if (!detail::solve_transposed(isa, h.tile(k, k), tile))
          return false;
      }
      return true;
    };
    for (index_t j = end; j-- > begin;) {
      if (!finish_column(j, j))
        return false;
    }
    executor.for_each_range(begin, 1, [&](IndexRange columns) {
      for (index_t j = columns.begin; j < columns.end; ++j) (void)finish_column(j, begin);
    });
    executor.for_each_range(begin * (begin + 1) / 2, 4, [&](IndexRange pairs) {
      for (index_t pair = pairs.begin; pair < pairs.end; ++pair) {
        auto i = static_cast<index_t>((std::sqrt(8.0 * static_cast<double>(pair) + 1.0) - 1.0) / 2);
        while (i * (i + 1) / 2 > pair) --i;
        while ((i + 1) * (i + 2) / 2 <= pair) ++i;
        index_t const j = pair - i * (i + 1) / 2;
        for (index_t k = end; k-- > begin;)
          accumulate_product<true>(isa, h.tile(k, i), side, h.tile(k, j), side, h.tile(i, j), side);
      }
    });
    end = begin;
  }
  return true;
}

/// The inverse of a lower triangular matrix R as factorize_from_end leaves it: R^-1, lower triangular,
/// so that its transpose is U.
template <Executor E>
[[nodiscard]] SymmetricTiles invert_lower(SymmetricTiles const& r, E&& executor,
                                          Isa isa = selected_isa()) {
  constexpr index_t side = tile_side;
  SymmetricTiles transposed{r.size()};
  executor.for_each_range(r.tiles(), 1, [&](IndexRange rows) {
    for (index_t i = rows.begin; i < rows.end; ++i)
      for (index_t j = 0; j <= i; ++j) detail::transpose_tile(r.tile(i, j), transposed.tile(i, j));
  });
  SymmetricTiles inverse{r.size()};
  executor.for_each_range(r.tiles(), 1, [&](IndexRange columns) {
    for (index_t j = columns.begin; j < columns.end; ++j) {
      for (index_t c = 0; c < side; ++c) inverse.tile(j, j)[c * side + c] = 1.0f;
      for (index_t i = j; i < r.tiles(); ++i) {
        float* const tile = inverse.tile(i, j);
        for (index_t k = j; k < i; ++k)
          accumulate_product<true>(isa, transposed.tile(i, k), side, inverse.tile(k, j), side, tile,
                                   side);
        detail::solve(isa, r.tile(i, i), tile);
      }
    }
  });
  return inverse;
}

}  // namespace qfmt
