// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/tensor/result.hpp>
#include <qfmt/tensor/search.hpp>
#include <qfmt/tensor/view.hpp>

// What is refused, and in which words: matrices that cannot be quantized, parameters that cannot
// have been the result. Whoever finds that something is wrong calls these to say what; on the way
// of good data nothing here takes longer than the number of tiles.

namespace qfmt {

namespace detail {

inline std::string place(index_t row, index_t col) {
  return "row " + std::to_string(row) + ", column " + std::to_string(col);
}

/// What stands for a number that is not finite.
inline std::string nonfinite_text(float x) {
  return is_nan(x) ? "NaN" : x > 0 ? "+Inf" : "-Inf";
}

/// Where the first value is that is not finite, and how many there are.
template <Real T>
Error nonfinite(MatrixView<T const> matrix, Status status) {
  index_t count = 0;
  std::string first = "got one";
  for (index_t r = 0; r < matrix.shape.rows; ++r) {
    for (index_t c = 0; c < matrix.shape.cols; ++c) {
      float const x = to_float(matrix(r, c));
      if (!is_finite(x) && count++ == 0)
        first = place(r, c) + ": got " + nonfinite_text(x);
    }
  }
  return {status, first + ", expected a finite value; not finite: " + std::to_string(count) +
                      " of " + std::to_string(matrix.shape.size())};
}

/// What a value that is not finite is called under S: the values of a scheme that finds parameters
/// while it quantizes are activations.
template <Scheme S>
constexpr Status nonfinite_status() noexcept {
  return StaticScheme<S> ? Status::nonfinite_weight : Status::nonfinite_activation;
}

/// Whether there is something to quantize.
inline Result<void> usable(Shape shape, index_t stride, bool has_data, bool searches,
                           Importance const& importance) {
  std::string const size = std::to_string(shape.rows) + " x " + std::to_string(shape.cols);
  if (shape.rows < 0 || shape.cols < 0 || stride < shape.cols)
    return Error{Status::shape_mismatch, "got " + size + " with stride " + std::to_string(stride)};
  if (!has_data && shape.size() != 0)
    return Error{Status::null_pointer, "got no data for " + size};
  if (importance.is_uniform())
    return {};
  if (!searches)
    return Error{Status::unsupported, "got importance for a scheme that does not search"};
  if (static_cast<index_t>(importance.weights().size()) != shape.cols)
    return Error{Status::shape_mismatch, "got importance of " +
                                             std::to_string(importance.weights().size()) +
                                             " columns for " + size};
  return {};
}
template <Scheme S, Real T>
Result<void> usable(MatrixView<T const> matrix, Importance const& importance) {
  return usable(matrix.shape, matrix.stride, matrix.data != nullptr, SearchedScheme<S>, importance);
}

/// Whether a stored scale can be divided by.
constexpr Status check_scale(float scale) noexcept {
  if (!is_finite(scale))
    return Status::nonfinite_scale;
  if (scale == 0.0f)
    return Status::scale_zero;
  return scale < 0.0f ? Status::scale_negative : Status::ok;
}

/// A scale as a number, with the sign of its code where its format has none: the byte of an NVFP4
/// block scale is that of an E4M3 code.
template <class Stored>
constexpr float signed_scale(Stored stored) noexcept {
  float const scale = to_float(stored);
  if constexpr (same_as<Stored, Code<UE4M3>>)
    return (stored.bits & 0x80) != 0 ? -scale : scale;
  return scale;
}

/// Whether the tensor's part of the parameters can be divided by, and leaves every tile a finite
/// scale.
template <Scheme S>
Result<void> check_global(typename S::Global global) {
  if constexpr (S::has_global) {
    Status status = check_scale(global.encode_scale);
    using Level = typename S::Stored::Format;
    float const largest = S::Policy::effective(encode<Level>(max_value<Level>()), global);
    if (status == Status::ok && !is_finite(largest))
      status = Status::nonfinite_scale;
    if (status != Status::ok)
      return Error{status, "tensor scale: got " + std::to_string(global.encode_scale) +
                               ", expected a positive number that block scales can be divided by"};
  }
  return {};
}

/// What to say of a tile whose scale is not finite in the type that it is kept in.
inline Error wide_scale(index_t row, index_t col, char const* stored) {
  return {Status::nonfinite_scale,
          "scale in " + place(row, col) +
              ": the values of its tile are too large for a scale kept as " + stored};
}

/// The scale that its type could not hold, after a matrix was quantized under S.
template <Scheme S>
Error wide_scale(QuantTensorView<S> w) {
  char const* stored = "binary32";
  if constexpr (!same_as<typename S::Stored, float>)
    stored = S::Stored::Format::name;
  index_t t = 0;
  while (t + 1 < w.scale_shape.size() && is_finite(to_float(w.scales[t]))) ++t;
  return wide_scale(t / w.scale_shape.cols, t % w.scale_shape.cols, stored);
}

/// Whether all codes of the tile (row, col) of scales mean zero.
template <Scheme S>
bool tile_is_zero(QuantTensorView<S> w, index_t row, index_t col) noexcept {
  Shape const tile = S::Granularity::tile(w.shape);
  index_t const end_row = (std::min)((row + 1) * tile.rows, w.shape.rows);
  index_t const end_col = (std::min)((col + 1) * tile.cols, w.shape.cols);
  float zero_point = 0.0f;
  if constexpr (S::has_zero_point)
    zero_point = static_cast<float>(w.zero_points[row * w.scale_shape.cols + col]);
  for (index_t r = row * tile.rows; r < end_row; ++r) {
    for (index_t c = col * tile.cols; c < end_col; ++c) {
      if (decode(w.code(r, c)) != zero_point)
        return false;
    }
  }
  return true;
}

}  // namespace detail

/// Whether the parameters of a quantized matrix from elsewhere are such that quantize() could have
/// found them. What is wrong with them would not stop dequantize(): a scale of zero makes zeros of
/// any codes, one that is not finite makes NaN.
///
/// Errors, naming row and column in the matrix of scales: nonfinite_scale; scale_negative;
/// scale_zero for a scale that is a real number, of a tile whose codes are not zeros (an NVFP4 block
/// scale may be zero: Transformer Engine's underflow to it, under codes of any value);
/// zero_point_out_of_range; null_pointer. Scales may be subnormal.
template <Scheme S>
[[nodiscard]] Result<void> check_parameters(QuantTensorView<S> w) {
  if (w.scale_shape.size() == 0)
    return {};
  if (w.scales == nullptr || w.codes == nullptr || (S::has_zero_point && w.zero_points == nullptr))
    return Error{Status::null_pointer,
                 "got no data for " + std::to_string(w.scale_shape.size()) + " tiles"};
  if (auto const valid = detail::check_global<S>(w.global); !valid)
    return valid;
  constexpr bool is_code = !Real<typename S::Stored>;
  for (index_t row = 0; row < w.scale_shape.rows; ++row) {
    for (index_t col = 0; col < w.scale_shape.cols; ++col) {
      index_t const t = row * w.scale_shape.cols + col;
      float const scale = detail::signed_scale(w.scales[t]);
      Status status = detail::check_scale(scale);
      if (status == Status::scale_zero && (is_code || detail::tile_is_zero(w, row, col)))
        status = Status::ok;
      if (status != Status::ok)
        return Error{
            status, "scale in " + detail::place(row, col) + ": got " +
                        (is_finite(scale) ? std::to_string(scale) : detail::nonfinite_text(scale)) +
                        ", expected a finite positive number"};
      if constexpr (S::has_zero_point) {
        auto const zero_point = static_cast<float>(w.zero_points[t]);
        if (zero_point < min_value<typename S::Format>() ||
            zero_point > max_value<typename S::Format>())
          return Error{Status::zero_point_out_of_range,
                       "zero point in " + detail::place(row, col) + ": got " +
                           std::to_string(w.zero_points[t]) + ", expected a code of " +
                           S::Format::name};
      }
    }
  }
  return {};
}

}  // namespace qfmt
