// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include <qfmt/calibration/tile_product.hpp>

namespace qfmt {

/// A symmetric matrix, or a lower triangular one, of binary32 numbers: the tiles of 64 x 64 on and
/// below the diagonal, row of tiles by row of tiles, each without gaps. Half the memory of the square
/// one, and no stride for a cache to stumble over. A symmetric matrix has its tiles on the diagonal
/// whole. Rows and columns beyond the size fill the last
/// tiles; they are zero.
///
///     tile (0, 0)
///     tile (1, 0)  tile (1, 1)
///     tile (2, 0)  tile (2, 1)  tile (2, 2)
class SymmetricTiles {
 public:
  static constexpr index_t side = tile_side;
  static constexpr index_t tile_size = side * side;

  SymmetricTiles() = default;
  explicit SymmetricTiles(index_t size)
      : size_{size}, numbers_(static_cast<std::size_t>(tiles() * (tiles() + 1) / 2 * tile_size)) {}

  [[nodiscard]] index_t size() const noexcept { return size_; }
  /// Rows of tiles.
  [[nodiscard]] index_t tiles() const noexcept { return ceil_div(size_, side); }

  /// The first number of a tile. Precondition: col <= row.
  [[nodiscard]] float* tile(index_t row, index_t col) noexcept {
    return numbers_.data() + offset(row, col);
  }
  [[nodiscard]] float const* tile(index_t row, index_t col) const noexcept {
    return numbers_.data() + offset(row, col);
  }

  /// An element of the lower triangle. Precondition: col <= row.
  [[nodiscard]] float& lower(index_t row, index_t col) noexcept {
    return tile(row / side, col / side)[row % side * side + col % side];
  }
  [[nodiscard]] float lower(index_t row, index_t col) const noexcept {
    return tile(row / side, col / side)[row % side * side + col % side];
  }
  /// An element of the symmetric matrix.
  [[nodiscard]] float operator()(index_t row, index_t col) const noexcept {
    return row < col ? lower(col, row) : lower(row, col);
  }

  [[nodiscard]] std::vector<float>& numbers() noexcept { return numbers_; }
  [[nodiscard]] std::vector<float> const& numbers() const noexcept { return numbers_; }

  friend bool operator==(SymmetricTiles const&, SymmetricTiles const&) = default;

 private:
  static index_t offset(index_t row, index_t col) noexcept {
    return (row * (row + 1) / 2 + col) * tile_size;
  }

  index_t size_ = 0;
  std::vector<float> numbers_;
};

static_assert(SymmetricTiles::tile_size == 4096);

}  // namespace qfmt
