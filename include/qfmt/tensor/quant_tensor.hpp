// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include <qfmt/tensor/view.hpp>

namespace qfmt {

/// A quantized matrix that owns its memory. A plain value: copyable, comparable, filled by
/// quantize() or by a reader of checkpoints.
template <Scheme S>
struct QuantTensor {
  using Scheme = S;

  Shape shape;  // (N, K)
  index_t row_bytes = 0;
  std::vector<uint8_t> codes;  // (N, row_bytes)
  Shape scale_shape;
  std::vector<typename S::Stored> scales;  // scale_shape
  std::vector<int16_t> zero_points;        // scale_shape, or empty
  [[no_unique_address]] typename S::Global global;

  QuantTensor() = default;

  /// A matrix of this shape with all codes and scales zero. Rows are padded to whole tiles and
  /// whole bytes; the padding stays zero.
  explicit QuantTensor(Shape matrix) { resize(matrix); }

  /// Makes it a matrix of this shape, in the memory that it has where that suffices. What its codes
  /// and scales are then is unspecified.
  void resize(Shape matrix) {
    shape = matrix;
    row_bytes = packed_bytes<typename S::Format>(S::Granularity::padded_cols(matrix.cols));
    codes.resize(static_cast<std::size_t>(matrix.rows * row_bytes));
    scale_shape = S::Granularity::scale_shape(matrix);
    scales.resize(static_cast<std::size_t>(scale_shape.size()));
    zero_points.resize(S::has_zero_point ? static_cast<std::size_t>(scale_shape.size()) : 0);
  }

  [[nodiscard]] QuantTensorView<S> view() const noexcept {
    return {shape,         codes.data(), row_bytes,
            scales.data(), scale_shape,  S::has_zero_point ? zero_points.data() : nullptr,
            global};
  }

  friend bool operator==(QuantTensor const&, QuantTensor const&) = default;
};

}  // namespace qfmt
