// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/packing/pack.hpp>
#include <qfmt/tensor/scheme.hpp>

namespace qfmt {

/// Where the parts of a prepacked weight (N, K) lie: one map from an element to its place, shared
/// by the packer and every kernel.
///
/// 16 rows form a panel, which is one stream of memory: a thread that reads whole panels gets all
/// of the machine's bandwidth. A panel is a row of strips, a strip a few groups of columns:
///
///     strip    scales of its groups | zero points | codes of group 0 | codes of group 1 | ...
///
/// with as many groups as it takes for every section to be whole lines of 64 bytes. Scales and zero
/// points are stored as in the tensor, for each group one for each of the 16 rows: those of larger
/// tiles are repeated. Codes lie in lines, so that a dword is a row of the panel and its bytes are
/// a quad, four consecutive columns: what a dot product instruction takes. Line i of a group holds
///
///     8 bits    columns 4i ..      33333333  22222222  11111111  00000000
///     4 bits    columns 8i ..      7777 3333 6666 2222 5555 1111 4444 0000
///
/// drawn from bit 31 of the dword to bit 0, where a digit is a column. Half a line of nibbles is a
/// quad; shifting the line right by 4 brings the other. Integers of 8 bits have their sign bit
/// flipped: code + 128, since the instruction wants one side unsigned.
///
/// Beyond the matrix lie zero bytes: scales and zero points of 0, and codes of some finite value,
/// which kernels multiply by activations of 0.
struct PanelLayout {
  static constexpr index_t lanes = 16;  // rows of a panel
  static constexpr index_t quad = 4;    // columns in a dword, a byte each
  static constexpr index_t line = 64;   // bytes

  index_t code_bits = 8;         // 4 or 8
  index_t group = 16;            // columns that share a scale, a multiple of 16
  index_t groups = 1;            // in a strip
  index_t scale_bytes = 4;       // 1, 2 or 4
  index_t zero_point_bytes = 0;  // 2, or 0: there are none
  uint32_t flip = 0;             // what stored codes are xored with

  [[nodiscard]] constexpr index_t strip_columns() const noexcept { return group * groups; }
  [[nodiscard]] constexpr index_t padded(index_t cols) const noexcept {
    return round_up(cols, strip_columns());
  }
  [[nodiscard]] constexpr index_t zero_points_at() const noexcept {
    return round_up(groups * lanes * scale_bytes, line);
  }
  [[nodiscard]] constexpr index_t codes_at() const noexcept {
    return zero_points_at() + round_up(groups * lanes * zero_point_bytes, line);
  }
  [[nodiscard]] constexpr index_t group_bytes() const noexcept {
    return lanes * group * code_bits / 8;
  }
  [[nodiscard]] constexpr index_t strip_bytes() const noexcept {
    return codes_at() + groups * group_bytes();
  }
  [[nodiscard]] constexpr index_t panel_bytes(index_t cols) const noexcept {
    return padded(cols) / strip_columns() * strip_bytes();
  }
  [[nodiscard]] constexpr index_t bytes(Shape matrix) const noexcept {
    return ceil_div(matrix.rows, lanes) * panel_bytes(matrix.cols);
  }

  /// A byte of the whole, and how far the code is from its lowest bit.
  struct Place {
    index_t byte = 0;
    int shift = 0;
  };

  [[nodiscard]] constexpr Place code(index_t row, index_t col, index_t cols) const noexcept {
    index_t const in_group = col % group;
    index_t const columns_of_line = quad * 8 / code_bits;
    index_t const in_line = in_group % columns_of_line;
    index_t const byte = strip(row, col, cols) + codes_at() +
                         col % strip_columns() / group * group_bytes() +
                         in_group / columns_of_line * line + row % lanes * quad + in_line % quad;
    return {byte, in_line < quad ? 0 : 4};
  }
  [[nodiscard]] constexpr index_t scale(index_t row, index_t col, index_t cols) const noexcept {
    return strip(row, col, cols) + of_group(row, col) * scale_bytes;
  }
  [[nodiscard]] constexpr index_t zero_point(index_t row, index_t col,
                                             index_t cols) const noexcept {
    return strip(row, col, cols) + zero_points_at() + of_group(row, col) * zero_point_bytes;
  }

 private:
  /// The strip that holds an element.
  [[nodiscard]] constexpr index_t strip(index_t row, index_t col, index_t cols) const noexcept {
    return row / lanes * panel_bytes(cols) + col / strip_columns() * strip_bytes();
  }
  /// Which of a strip's scales is an element's.
  [[nodiscard]] constexpr index_t of_group(index_t row, index_t col) const noexcept {
    return col % strip_columns() / group * lanes + row % lanes;
  }
};

/// A scheme that has a panel layout: codes of 4 or 8 bits, and a scale for a row (a tile of any
/// height) of all columns or of a multiple of 16.
template <class S>
concept Prepackable = Scheme<S> &&(S::Format::bits == 4 || S::Format::bits == 8) &&
                      sizeof(typename S::Stored) <= 4 && S::Granularity::cols % 16 == 0;

/// The layout of a weight of scheme S. One scale for all of a row makes one group of it, in whole
/// blocks of 32 columns.
template <Prepackable S>
[[nodiscard]] constexpr PanelLayout panel_layout(index_t cols) noexcept {
  using F = typename S::Format;
  PanelLayout out;
  out.code_bits = F::bits;
  out.scale_bytes = sizeof(typename S::Stored);
  out.zero_point_bytes = S::has_zero_point ? sizeof(int16_t) : 0;
  out.flip = F::family == Family::integer && F::bits == 8 ? 0x80 : 0;
  if (S::Granularity::cols == whole) {
    out.group = cols <= 32 ? 32 : round_up(cols, 32);
  } else {
    out.group = S::Granularity::cols;
    index_t const narrowest =
        S::has_zero_point && out.scale_bytes > 2 ? index_t{2} : out.scale_bytes;
    out.groups = PanelLayout::line / (PanelLayout::lanes * narrowest);
  }
  return out;
}

static_assert(panel_layout<BlockScheme<NVFP4>>(64).strip_bytes() == 64 * (1 + 8));
static_assert(panel_layout<BlockScheme<MXFP4>>(128).strip_bytes() == 64 * (1 + 16));

}  // namespace qfmt
