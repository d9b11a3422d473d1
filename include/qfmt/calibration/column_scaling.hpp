// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/core/parallel.hpp>
#include <qfmt/formats/real.hpp>
#include <qfmt/tensor/result.hpp>

// What SmoothQuant and AWQ do to a model once they have found scales: the inputs of some layers are
// divided by them, column by column, and the weights of these layers multiplied, so that outputs
// stay as they were. Inputs are divided where they come from: in the weight and the bias of a norm,
// or in the rows of a linear layer. Everything is computed in binary64 and rounded once.

namespace qfmt {

namespace detail {

inline Result<void> check_scales(std::span<double const> scales, index_t expected) {
  if (static_cast<index_t>(scales.size()) != expected)
    return Error{Status::shape_mismatch, "got " + std::to_string(scales.size()) +
                                             " scales, expected " + std::to_string(expected)};
  for (std::size_t i = 0; i < scales.size(); ++i) {
    if (!is_finite(scales[i]) || !(scales[i] > 0.0))
      return Error{is_finite(scales[i]) ? Status::scale_zero : Status::nonfinite_scale,
                   "column " + std::to_string(i) + ": got a scale of " + std::to_string(scales[i])};
  }
  return {};
}

}  // namespace detail

/// weight(r, c) *= scales[c]: a layer whose input is divided by them.
///
/// Errors: shape_mismatch; scale_zero for one that is not positive, nonfinite_scale. Nothing is
/// changed then.
template <Real T, Executor E = Serial const>
Result<void> multiply_columns(MatrixView<T> weight, std::span<double const> scales,
                              E&& executor = Serial{}) {
  if (auto const usable = detail::check_scales(scales, weight.shape.cols); !usable)
    return usable;
  executor.for_each_range(weight.shape.rows, 16, [&](IndexRange rows) {
    for (index_t r = rows.begin; r < rows.end; ++r) {
      for (index_t c = 0; c < weight.shape.cols; ++c)
        weight(r, c) = from_float<T>(static_cast<float>(
            static_cast<double>(to_float(weight(r, c))) * scales[static_cast<std::size_t>(c)]));
    }
  });
  return {};
}

/// The last rows of a linear layer's weight, as many as there are scales, divided by them: that layer
/// produces the input. (Its last rows: where q, k and v are one layer, v comes last.)
///
/// Errors: as multiply_columns.
template <Real T>
Result<void> divide_rows(MatrixView<T> weight, std::span<double const> scales) {
  auto const count = static_cast<index_t>(scales.size());
  if (count > weight.shape.rows)
    return Error{Status::shape_mismatch, "got " + std::to_string(count) + " scales for " +
                                             std::to_string(weight.shape.rows) + " rows"};
  if (auto const usable = detail::check_scales(scales, count); !usable)
    return usable;
  for (index_t i = 0; i < count; ++i) {
    index_t const r = weight.shape.rows - count + i;
    for (index_t c = 0; c < weight.shape.cols; ++c)
      weight(r, c) = from_float<T>(static_cast<float>(static_cast<double>(to_float(weight(r, c))) /
                                                      scales[static_cast<std::size_t>(i)]));
  }
  return {};
}

/// The weight or the bias of a norm, or the bias of a linear layer (its last numbers), divided by the
/// scales.
///
/// Errors: as multiply_columns.
template <Real T>
Result<void> divide_vector(std::span<T> vector, std::span<double const> scales) {
  return divide_rows(MatrixView<T>{vector.data(), {static_cast<index_t>(vector.size()), 1}},
                     scales);
}

}  // namespace qfmt
