// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/hessian.hpp>
#include <qfmt/observers/imatrix.hpp>
#include <qfmt/tensor/importance.hpp>

namespace qfmt {

/// Shows a batch of inputs, (tokens, K), to a ColumnImportance, without the tokens that `kept` leaves
/// out (see Hessian::observe).
///
/// Errors: shape_mismatch; nonfinite_activation, naming row and column. Nothing is counted then.
template <Real T>
Result<void> observe_importance(ColumnImportance& importance, MatrixView<T const> batch,
                                std::span<uint8_t const> kept = {}) {
  std::vector<float> row(static_cast<std::size_t>(batch.shape.cols));
  if (importance.means().size() != row.size() ||
      (!kept.empty() && static_cast<index_t>(kept.size()) != batch.shape.rows))
    return Error{Status::shape_mismatch, "got " + std::to_string(batch.shape.rows) + " x " +
                                             std::to_string(batch.shape.cols) + " and a mask of " +
                                             std::to_string(kept.size()) + ", expected " +
                                             std::to_string(importance.means().size()) +
                                             " columns"};
  ColumnImportance seen{row.size()};
  for (index_t r = 0; r < batch.shape.rows; ++r) {
    if (!kept.empty() && kept[static_cast<std::size_t>(r)] == 0)
      continue;
    detail::widen(batch.row(r), batch.shape.cols, row.data());
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (!is_finite(row[c]))
        return Error{Status::nonfinite_activation, "row " + std::to_string(r) + ", column " +
                                                       std::to_string(c) +
                                                       ": got a value that is not finite"};
    }
    seen.observe(row);
  }
  importance.merge(seen);
  return {};
}

/// How much the columns of a weight matter, from a Hessian that was collected anyway: the mean of x^2
/// for each input is its diagonal.
///
/// Errors: calibration_empty without tokens; those of Importance::from.
[[nodiscard]] inline Result<Importance> importance_of(Hessian const& hessian) {
  if (hessian.tokens() == 0)
    return Error{Status::calibration_empty, "got no token, expected at least one"};
  std::vector<float> means;
  for (index_t c = 0; c < hessian.columns(); ++c)
    means.push_back(hessian.sums()(c, c) / static_cast<float>(hessian.tokens()));
  return Importance::from(means);
}

}  // namespace qfmt
