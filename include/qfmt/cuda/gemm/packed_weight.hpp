// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/gemm/word_order.hpp>
#include <qfmt/formats/e2m1.hpp>
#include <qfmt/formats/e4m3.hpp>
#include <qfmt/formats/e5m2.hpp>
#include <qfmt/formats/int4.hpp>
#include <qfmt/formats/int8.hpp>
#include <qfmt/tensor/view.hpp>

namespace qfmt::cuda {

namespace detail {

template <class F>
struct WordOrderOf;
template <>
struct WordOrderOf<E2M1> {
  using type = RotatedNibbles;
};
template <>
struct WordOrderOf<INT4> {
  using type = OffsetNibbles;
};
template <class F>
requires(same_as<F, INT8> || same_as<F, E4M3> || same_as<F, E5M2>) struct WordOrderOf<F> {
  using type = PlainBytes;
};

}  // namespace detail

/// What can be packed into tiles: E2M1, INT4, INT8, E4M3 and E5M2, with scales for whole rows or for
/// groups of 16, 32 or a multiple of 64 columns (of any number of rows).
template <class S>
concept Packable = Scheme<S> && requires {
  typename detail::WordOrderOf<typename S::Format>::type;
} &&(S::Granularity::cols == whole || S::Granularity::cols == 16 || S::Granularity::cols == 32 ||
     S::Granularity::cols % 64 == 0);

/// Where the parts of a packed weight (N, K) lie in its buffer:
///
///     codes        tiles, row block by row block, in each from left to right
///     scales       Stored [row block][group of columns][8][2]: rows g and g + 8 side by side,
///                  so that the lanes of a warp read neighbouring ones
///     zero points  int16 likewise, where the scheme has them
///
/// each part at a multiple of 256 bytes. Scales of larger tiles are repeated for every row. Beyond
/// the matrix all codes and scales are zero bits, and kernels multiply them by activations of 0.
template <Packable S>
struct PackedLayout {
  using Format = typename S::Format;
  using Tile = PackedTile<Format::bits>;
  using Stored = typename S::Stored;
  static constexpr index_t alignment = 256;
  static constexpr index_t group = S::Granularity::cols;  // columns of a scale; 0: the row

  Shape shape;

  [[nodiscard]] QFMT_HOST_DEVICE constexpr index_t row_blocks() const noexcept {
    return ceil_div(shape.rows, Tile::rows);
  }
  [[nodiscard]] QFMT_HOST_DEVICE constexpr index_t tiles() const noexcept {  // of a row block
    return ceil_div(shape.cols, Tile::cols);
  }
  [[nodiscard]] QFMT_HOST_DEVICE constexpr index_t scale_cols() const noexcept {
    return group == whole ? 1 : ceil_div(tiles() * Tile::cols, group);
  }
  [[nodiscard]] QFMT_HOST_DEVICE constexpr index_t scales() const noexcept {
    return row_blocks() * scale_cols() * Tile::rows;
  }

  [[nodiscard]] QFMT_HOST_DEVICE constexpr index_t tile_at(index_t row_block,
                                                           index_t tile) const noexcept {
    return (row_block * tiles() + tile) * Tile::bytes;
  }
  [[nodiscard]] QFMT_HOST_DEVICE constexpr index_t scales_at() const noexcept {
    return round_up(row_blocks() * tiles() * Tile::bytes, alignment);
  }
  [[nodiscard]] QFMT_HOST_DEVICE constexpr index_t zero_points_at() const noexcept {
    return scales_at() + round_up(scales() * static_cast<index_t>(sizeof(Stored)), alignment);
  }
  [[nodiscard]] QFMT_HOST_DEVICE constexpr index_t bytes() const noexcept {
    return zero_points_at() +
           (S::has_zero_point
                ? round_up(scales() * static_cast<index_t>(sizeof(int16_t)), alignment)
                : 0);
  }

  /// Which scale belongs to (row, group of columns): rows g and g + 8 of a block are neighbours.
  [[nodiscard]] QFMT_HOST_DEVICE constexpr index_t scale_index(index_t row,
                                                               index_t column) const noexcept {
    return ((row / 16 * scale_cols() + column) * 8 + row % 8) * 2 + row % 16 / 8;
  }
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr index_t scale_column(index_t col) noexcept {
    return group == whole ? 0 : col / group;
  }
};

namespace detail {

/// A value from an address that is a multiple of its size.
template <class T>
[[nodiscard]] QFMT_HOST_DEVICE inline T load_as(uint8_t const* from) noexcept {
  T out;
  __builtin_memcpy(&out, __builtin_assume_aligned(from, sizeof(T)), sizeof(T));
  return out;
}
template <class T>
QFMT_HOST_DEVICE inline void store_as(uint8_t* to, T value) noexcept {
  __builtin_memcpy(__builtin_assume_aligned(to, sizeof(T)), &value, sizeof(T));
}

}  // namespace detail

/// A packed weight that somebody else owns, on the host or on the device.
template <Packable S>
struct PackedView {
  using Scheme = S;
  using Format = typename S::Format;
  using WordOrder = typename detail::WordOrderOf<Format>::type;
  using Layout = PackedLayout<S>;

  Shape shape;                    // (N, K)
  uint8_t const* data = nullptr;  // PackedLayout<S>, 256-byte aligned
  [[no_unique_address]] typename S::Global global;

  [[nodiscard]] QFMT_HOST_DEVICE constexpr Layout layout() const noexcept { return {shape}; }

  [[nodiscard]] QFMT_HOST_DEVICE Code<Format> code(index_t row, index_t col) const noexcept {
    TilePlace const place =
        Layout::Tile::place(static_cast<int>(row % 16), static_cast<int>(col % 64));
    uint32_t const word = detail::load_as<uint32_t>(data + layout().tile_at(row / 16, col / 64) +
                                                    index_t{4} * place.word);
    return {static_cast<typename Format::storage_type>(take_code<WordOrder>(word, place))};
  }
  [[nodiscard]] QFMT_HOST_DEVICE typename S::Stored stored_scale(index_t row,
                                                                 index_t col) const noexcept {
    Layout const map = layout();
    return detail::load_as<typename S::Stored>(
        data + map.scales_at() +
        map.scale_index(row, map.scale_column(col)) *
            static_cast<index_t>(sizeof(typename S::Stored)));
  }
  [[nodiscard]] QFMT_HOST_DEVICE int16_t zero_point(index_t row, index_t col) const noexcept {
    if constexpr (S::has_zero_point) {
      Layout const map = layout();
      return detail::load_as<int16_t>(data + map.zero_points_at() +
                                      2 * map.scale_index(row, map.scale_column(col)));
    } else {
      return 0;
    }
  }

  /// As of QuantTensorView, to the bit.
  [[nodiscard]] QFMT_HOST_DEVICE float operator()(index_t row, index_t col) const noexcept {
    float const grid = decode(code(row, col)) - static_cast<float>(zero_point(row, col));
    return grid * S::Policy::effective(stored_scale(row, col), global);
  }
};

/// Word `word` of tile (row_block, tile) of a packed weight: what both packers write.
template <Packable S>
[[nodiscard]] QFMT_HOST_DEVICE constexpr uint32_t packed_word(QuantTensorView<S> const& w,
                                                              index_t row_block, index_t tile,
                                                              int word) noexcept {
  using View = PackedView<S>;
  using Tile = typename View::Layout::Tile;
  constexpr int bits = S::Format::bits;
  int const plane = word / Tile::plane_words;
  int const slot = (word % Tile::plane_words / 4) ^ (bits == 4 ? 0 : 4 * plane);
  int const i = bits == 4 ? word % 4 : 2 * plane + word % 4 / 2;
  index_t const row = row_block * 16 + Tile::row_in(slot);
  index_t const col = tile * 64 + slot / 8 * 16 + 2 * i;
  uint32_t out = 0;
  for (int pair = 0; pair < Tile::codes_per_word / 2; ++pair) {
    index_t const r = row + 8 * (bits == 4 ? pair % 2 : word % 2);
    index_t const c = col + 8 * (bits == 4 ? pair / 2 : pair);
    uint32_t two = 0;
    for (int half = 0; half < 2; ++half) {
      bool const inside = r < w.shape.rows && c + half < w.shape.cols;
      two |= View::WordOrder::widen(inside ? uint32_t{w.code(r, c + half).bits} : 0u)
             << (16 * half);
    }
    out |= View::WordOrder::put(two, pair);
  }
  return out;
}

/// Scale (and zero point) number `index` of a packed weight, from the tensor; zero beyond it.
template <Packable S>
struct PackedScale {
  typename S::Stored scale{};
  int16_t zero_point = 0;
};
template <Packable S>
[[nodiscard]] QFMT_HOST_DEVICE constexpr PackedScale<S> packed_scale(QuantTensorView<S> const& w,
                                                                     index_t index) noexcept {
  PackedLayout<S> const map{w.shape};
  index_t const column = index / 16 % map.scale_cols();
  index_t const row = index / 16 / map.scale_cols() * 16 + index % 2 * 8 + index % 16 / 2;
  index_t const col = map.group == whole ? 0 : column * map.group;
  if (row >= w.shape.rows || col >= w.shape.cols)
    return {};
  index_t const at = w.scale_index(row, col);
  return {w.scales[at], S::has_zero_point ? w.zero_points[at] : int16_t{0}};
}

static_assert(Packable<BlockScheme<NVFP4>> && Packable<BlockScheme<MXFP4>>);

}  // namespace qfmt::cuda
