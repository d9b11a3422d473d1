// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/packing/pack.hpp>
#include <qfmt/tensor/scheme.hpp>

namespace qfmt {

/// A row of a quantized matrix, with granularity as numbers: whatever reads rows is compiled once for
/// schemes that differ in granularity, timing or profile.
template <ElementFormat F, class Policy>
struct QuantRow {
  uint8_t const* codes = nullptr;                   // packed
  index_t size = 0;                                 // elements
  typename Policy::Stored const* scales = nullptr;  // one for each tile along the row
  int16_t const* zero_points = nullptr;             // the same; null where the policy has none
  index_t tile_cols = 0;                            // elements of a tile along the row, > 0
  [[no_unique_address]] typename Policy::Global global;

  /// The value of an element, as that of QuantTensorView.
  [[nodiscard]] QFMT_HOST_DEVICE constexpr float operator[](index_t col) const noexcept {
    float const grid = decode(PackedSpan<F, uint8_t const>{codes, size}[col]);
    index_t const tile = col / tile_cols;
    float const scale = Policy::effective(scales[tile], global);
    if constexpr (Policy::has_zero_point) {
      return (grid - static_cast<float>(zero_points[tile])) * scale;
    } else {
      return grid * scale;
    }
  }
};

/// A quantized matrix that somebody else owns. Trivially copyable; the same on host and device.
template <Scheme S>
struct QuantTensorView {
  using Scheme = S;
  using Format = typename S::Format;

  Shape shape;                                 // (N, K)
  uint8_t const* codes = nullptr;              // (N, row_bytes): packed rows, see packing/pack.hpp
  index_t row_bytes = 0;                       //
  typename S::Stored const* scales = nullptr;  // scale_shape, row-major
  Shape scale_shape;                           // (tiles down, tiles across)
  int16_t const* zero_points = nullptr;        // scale_shape; null where the policy has none
  [[no_unique_address]] typename S::Global global;

  [[nodiscard]] QFMT_HOST_DEVICE constexpr Code<Format> code(index_t row,
                                                             index_t col) const noexcept {
    return PackedSpan<Format, uint8_t const>{codes + row * row_bytes, shape.cols}[col];
  }

  [[nodiscard]] QFMT_HOST_DEVICE constexpr index_t scale_index(index_t row,
                                                               index_t col) const noexcept {
    return S::Granularity::scale_index(row, col, scale_shape.cols);
  }

  /// The scale of an element as a number.
  [[nodiscard]] QFMT_HOST_DEVICE constexpr float scale(index_t row, index_t col) const noexcept {
    return S::Policy::effective(scales[scale_index(row, col)], global);
  }

  /// The value of an element: (code - zero_point) * scale, the product rounded once to binary32.
  [[nodiscard]] QFMT_HOST_DEVICE constexpr float operator()(index_t row,
                                                            index_t col) const noexcept {
    float const grid = decode(code(row, col));
    if constexpr (S::has_zero_point) {
      return (grid - static_cast<float>(zero_points[scale_index(row, col)])) * scale(row, col);
    } else {
      return grid * scale(row, col);
    }
  }

  /// Precondition: the matrix has columns.
  [[nodiscard]] QFMT_HOST_DEVICE constexpr QuantRow<Format, typename S::Policy> row(
      index_t r) const noexcept {
    index_t const tiles = scale_index(r, 0);
    return {codes + r * row_bytes,
            shape.cols,
            scales + tiles,
            S::has_zero_point ? zero_points + tiles : nullptr,
            S::Granularity::tile(shape).cols,
            global};
  }
};

/// The same matrix under another profile or timing: those say how the codes were found, not what
/// they mean, so a reader of codes needs to be compiled for one of them only.
template <Scheme To, Scheme From>
requires(same_as<typename To::Format, typename From::Format>&&
             same_as<typename To::Granularity, typename From::Granularity>&&
                 same_as<typename To::Policy, typename From::Policy>)
    [[nodiscard]] QFMT_HOST_DEVICE constexpr QuantTensorView<To> view_as(
        QuantTensorView<From> const& v) noexcept {
  return {v.shape, v.codes, v.row_bytes, v.scales, v.scale_shape, v.zero_points, v.global};
}

}  // namespace qfmt
