// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/hadamard.hpp>
#include <qfmt/core/matrix_view.hpp>
#include <qfmt/core/parallel.hpp>
#include <qfmt/formats/real.hpp>

// Rotations that spread outliers over all columns: Ashkboos et al., "QuaRot" (arXiv:2404.00456), and
// Liu et al., "SpinQuant" (arXiv:2405.16406). Those that a model absorbs into its weights are pure
// functions of matrices, computed in binary64 and rounded once.

namespace qfmt {

namespace detail {
inline Result<void> divides(Rotation const& rotation, index_t size, char const* what) {
  if (size % rotation.size() == 0)
    return {};
  return Error{Status::block_not_divisor, "got " + std::to_string(size) + " " + what +
                                              ", expected a multiple of the rotation's " +
                                              std::to_string(rotation.size())};
}
}  // namespace detail

/// W becomes W Q: a layer whose input x becomes x Q (R1: q, k, v, gate, up, the head; R2: the output
/// projection), and an embedding, whose rows are such x. With a smaller Q, every block of columns.
///
/// Errors: block_not_divisor; nothing is changed then.
template <Real T, Executor E = Serial const>
Result<void> rotate_inputs(MatrixView<T> weight, Rotation const& rotation,
                           E&& executor = Serial{}) {
  if (auto const fits = detail::divides(rotation, weight.shape.cols, "columns"); !fits)
    return fits;
  auto const size = static_cast<std::size_t>(rotation.size());
  executor.for_each_range(weight.shape.rows, 16, [&](IndexRange rows) {
    std::vector<double> x(size);
    for (index_t r = rows.begin; r < rows.end; ++r) {
      for (T* at = weight.row(r); at < weight.row(r) + weight.shape.cols; at += size) {
        for (std::size_t i = 0; i < size; ++i) x[i] = static_cast<double>(to_float(at[i]));
        rotation.apply(x);
        for (std::size_t i = 0; i < size; ++i) at[i] = from_float<T>(static_cast<float>(x[i]));
      }
    }
  });
  return {};
}

/// W becomes Q^T W: a layer whose output y becomes y Q (R1: the output projection, down; R2: v, head
/// by head). With a smaller Q, every block of rows. A bias is a matrix of one column.
///
/// Errors: block_not_divisor; nothing is changed then.
template <Real T, Executor E = Serial const>
Result<void> rotate_outputs(MatrixView<T> weight, Rotation const& rotation,
                            E&& executor = Serial{}) {
  if (auto const fits = detail::divides(rotation, weight.shape.rows, "rows"); !fits)
    return fits;
  index_t const size = rotation.size();
  executor.for_each_range(weight.shape.cols, 16, [&](IndexRange cols) {
    std::vector<double> y(static_cast<std::size_t>(size));
    for (index_t c = cols.begin; c < cols.end; ++c) {
      for (index_t first = 0; first < weight.shape.rows; first += size) {
        for (index_t i = 0; i < size; ++i)
          y[static_cast<std::size_t>(i)] = static_cast<double>(to_float(weight(first + i, c)));
        rotation.apply(y);
        for (index_t i = 0; i < size; ++i)
          weight(first + i, c) = from_float<T>(static_cast<float>(y[static_cast<std::size_t>(i)]));
      }
    }
  });
  return {};
}

/// Multiplies the columns of a weight by the weight of the norm before it, which is then to be 1:
/// what stands between a norm and a rotation. x / |x| turns with x, but its scaled columns do not.
///
/// Errors: shape_mismatch.
template <Real T>
Result<void> absorb_norm(MatrixView<T> weight, std::span<T const> norm) {
  if (static_cast<index_t>(norm.size()) != weight.shape.cols)
    return Error{Status::shape_mismatch, "got a norm of " + std::to_string(norm.size()) + " for " +
                                             std::to_string(weight.shape.cols) + " columns"};
  for (index_t r = 0; r < weight.shape.rows; ++r) {
    for (index_t c = 0; c < weight.shape.cols; ++c) {
      double const product = static_cast<double>(to_float(weight(r, c))) *
                             static_cast<double>(to_float(norm[static_cast<std::size_t>(c)]));
      weight(r, c) = from_float<T>(static_cast<float>(product));
    }
  }
  return {};
}

/// Takes the mean of each row off it: for the embedding of a model with LayerNorm, which does so
/// itself. A model with RMSNorm is another one afterwards.
template <Real T>
void center_rows(MatrixView<T> weight) noexcept {
  for (index_t r = 0; r < weight.shape.rows; ++r) {
    double mean = 0.0;
    for (index_t c = 0; c < weight.shape.cols; ++c)
      mean += static_cast<double>(to_float(weight(r, c))) / static_cast<double>(weight.shape.cols);
    for (index_t c = 0; c < weight.shape.cols; ++c)
      weight(r, c) =
          from_float<T>(static_cast<float>(static_cast<double>(to_float(weight(r, c))) - mean));
  }
}

}  // namespace qfmt
