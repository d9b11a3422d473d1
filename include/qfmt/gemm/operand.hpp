// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/formats/real.hpp>
#include <qfmt/tensor/view.hpp>

// What a product multiplies: a matrix of real numbers, or a quantized one. Both are read through
// the same three functions, so that a kernel is written once.
//
//     shape_of(o)                                its size
//     value(o, row, col)                         one element, in binary32
//     decode_row(o, row, first_col, count, to)   consecutive elements of a row

namespace qfmt {

template <class T>
requires Real<std::remove_const_t<T>>
[[nodiscard]] constexpr Shape shape_of(MatrixView<T> o) noexcept {
  return o.shape;
}
template <Scheme S>
[[nodiscard]] constexpr Shape shape_of(QuantTensorView<S> const& o) noexcept {
  return o.shape;
}

/// The element (row, col), exactly; of a quantized matrix (code - zero_point) * scale, rounded
/// once.
template <class T>
requires Real<std::remove_const_t<T>>
[[nodiscard]] constexpr float value(MatrixView<T> o, index_t row, index_t col) noexcept {
  return to_float(o(row, col));
}
template <Scheme S>
[[nodiscard]] constexpr float value(QuantTensorView<S> const& o, index_t row,
                                    index_t col) noexcept {
  return o(row, col);
}

namespace detail {

/// The value of every code of a format of at most 8 bits.
template <ElementFormat F>
requires(F::bits <=
         8) inline constexpr std::array<float, (std::size_t{1} << F::bits)> values_of_codes = [] {
  std::array<float, (std::size_t{1} << F::bits)> out{};
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = decode(Code<F>{static_cast<typename F::storage_type>(i)});
  return out;
}();

/// Calls `put(i, grid value)` for elements [first, first + count) of a packed row, i from 0.
template <ElementFormat F, class Put>
constexpr void for_each_code(uint8_t const* bytes, index_t first, index_t count,
                             Put&& put) noexcept {
  if constexpr (F::bits == 4) {
    constexpr auto const& values = values_of_codes<F>;
    index_t i = 0;
    if (first % 2 != 0 && count > 0)
      put(i++, values[std::size_t{bytes[first / 2]} >> 4]);
    uint8_t const* pair = bytes + (first + i) / 2;
    for (; i + 1 < count; i += 2, ++pair) {
      put(i, values[*pair & 15u]);
      put(i + 1, values[std::size_t{*pair} >> 4]);
    }
    if (i < count)
      put(i, values[*pair & 15u]);
  } else if constexpr (F::bits == 8) {
    for (index_t i = 0; i < count; ++i) put(i, values_of_codes<F>[bytes[first + i]]);
  } else {
    PackedSpan<F, uint8_t const> const row{bytes, first + count};
    for (index_t i = 0; i < count; ++i) put(i, decode(row[first + i]));
  }
}

}  // namespace detail

/// to[i * Step] = value(o, row, first_col + i) for i in [0, count): the same bits. Scales are
/// looked up once for each tile that the segment meets. Allocates nothing; reads nothing but these
/// elements.
template <index_t Step = 1, class T>
requires Real<std::remove_const_t<T>>
constexpr void decode_row(MatrixView<T> o, index_t row, index_t first_col, index_t count,
                          float* to) noexcept {
  T const* const from = o.row(row) + first_col;
  for (index_t i = 0; i < count; ++i) to[i * Step] = to_float(from[i]);
}
template <index_t Step = 1, Scheme S>
constexpr void decode_row(QuantTensorView<S> const& o, index_t row, index_t first_col,
                          index_t count, float* to) noexcept {
  index_t const tile_cols = S::Granularity::tile(o.shape).cols;
  uint8_t const* const bytes = o.codes + row * o.row_bytes;
  index_t const end = first_col + count;
  for (index_t col = first_col; col < end;) {
    index_t const stop = (std::min)(end, (col / tile_cols + 1) * tile_cols);
    float const scale = o.scale(row, col);
    if constexpr (S::has_zero_point) {
      float const zero_point = static_cast<float>(o.zero_points[o.scale_index(row, col)]);
      detail::for_each_code<typename S::Format>(bytes, col, stop - col, [=](index_t i, float grid) {
        to[i * Step] = (grid - zero_point) * scale;
      });
    } else {
      detail::for_each_code<typename S::Format>(
          bytes, col, stop - col, [=](index_t i, float grid) { to[i * Step] = grid * scale; });
    }
    to += (stop - col) * Step;
    col = stop;
  }
}

/// What may stand on either side of a product.
template <class O>
concept Operand = requires(O const& o, index_t i, float* to) {
  { shape_of(o) } -> same_as<Shape>;
  { value(o, i, i) } -> same_as<float>;
  decode_row(o, i, i, i, to);
};

static_assert(Operand<MatrixView<float>> && Operand<MatrixView<Code<BF16> const>>);
static_assert(Operand<QuantTensorView<BlockScheme<NVFP4>>>);

}  // namespace qfmt
