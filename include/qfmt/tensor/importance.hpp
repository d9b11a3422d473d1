// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include <qfmt/core/bit.hpp>
#include <qfmt/core/shape.hpp>
#include <qfmt/observers/ordered_sum.hpp>
#include <qfmt/tensor/result.hpp>

namespace qfmt {

/// How much the errors of each column of a weight matter to a search; nothing given weighs all
/// alike. Found by ColumnImportance (observers/imatrix.hpp), or elsewhere.
class Importance {
 public:
  Importance() = default;

  /// From one number for each column, (K), of any unit: kept divided by their mean, as
  /// llm-compressor has it.
  ///
  /// Errors: invalid_argument, naming the column, for a number that is negative or not finite, and
  /// for numbers that are all zero; shape_mismatch for none at all.
  [[nodiscard]] static Result<Importance> from(std::span<float const> columns) {
    if (columns.empty())
      return Error{Status::shape_mismatch, "importance: got no columns"};
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!is_finite(columns[i]) || columns[i] < 0.0f)
        return Error{Status::invalid_argument, "importance: column " + std::to_string(i) +
                                                   ": got " + std::to_string(columns[i]) +
                                                   ", expected a finite number from 0 on"};
    }
    float const sum = ordered_sum(columns.size(), [&]<std::size_t N>(std::size_t first) {
      std::array<float, N> terms{};
      for (std::size_t i = 0; i < N; ++i) terms[i] = columns[first + i];
      return terms;
    });
    if (sum == 0.0f)
      return Error{Status::invalid_argument, "importance: got zero for every column"};
    if (!is_finite(sum))
      return Error{Status::invalid_argument,
                   "importance: the sum of the columns is not finite in binary32"};
    float const mean = sum / static_cast<float>(columns.size()) + power_of_two(-126);
    Importance importance;
    for (float const x : columns) importance.weights_.push_back(x / mean);
    return importance;
  }

  [[nodiscard]] bool is_uniform() const noexcept { return weights_.empty(); }
  /// (K), or empty.
  [[nodiscard]] std::span<float const> weights() const noexcept { return weights_; }

 private:
  std::vector<float> weights_;
};

}  // namespace qfmt
