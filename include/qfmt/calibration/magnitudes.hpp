// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/tensor/result.hpp>
#include <qfmt/tensor/scheme.hpp>

// What AWQ looks at: how large the columns of inputs and weights are on average.

namespace qfmt {

/// The mean magnitude of each input of a layer. Sums in binary64.
class InputMagnitude {
 public:
  explicit InputMagnitude(index_t columns) : sums_(static_cast<std::size_t>(columns)) {}

  /// One batch, (tokens, K); `kept` as in Hessian::observe.
  ///
  /// Errors: shape_mismatch.
  template <Real T>
  Result<void> observe(MatrixView<T const> batch, std::span<uint8_t const> kept = {}) {
    if (batch.shape.cols != static_cast<index_t>(sums_.size()) ||
        (!kept.empty() && static_cast<index_t>(kept.size()) != batch.shape.rows))
      return Error{Status::shape_mismatch, "got " + std::to_string(batch.shape.rows) + " x " +
                                               std::to_string(batch.shape.cols) +
                                               " and a mask of " + std::to_string(kept.size()) +
                                               ", expected " + std::to_string(sums_.size()) +
                                               " columns"};
    for (index_t r = 0; r < batch.shape.rows; ++r) {
      if (!kept.empty() && kept[static_cast<std::size_t>(r)] == 0)
        continue;
      ++tokens_;
      for (std::size_t c = 0; c < sums_.size(); ++c)
        sums_[c] += std::abs(static_cast<double>(to_float(batch(r, static_cast<index_t>(c)))));
    }
    return {};
  }

  [[nodiscard]] index_t tokens() const noexcept { return tokens_; }
  /// (K), in binary32; zeros before any token.
  [[nodiscard]] std::vector<float> means() const {
    std::vector<float> means;
    for (double const sum : sums_)
      means.push_back(tokens_ == 0 ? 0.0f : static_cast<float>(sum / static_cast<double>(tokens_)));
    return means;
  }

 private:
  std::vector<double> sums_;
  index_t tokens_ = 0;
};

/// The mean magnitude of each column of the weights that share an input, relative to the largest
/// value that is quantized together with it (plus 1e-6), each step rounded to the profile's type.
/// Sums in binary64.
class WeightMagnitude {
 public:
  explicit WeightMagnitude(index_t columns) : sums_(static_cast<std::size_t>(columns)) {}

  /// One weight, and the scheme under which it will be quantized.
  ///
  /// Errors: shape_mismatch.
  template <Scheme S, Real T>
  Result<void> add(MatrixView<T const> weight) {
    using Step = typename S::Profile::template Step<T>;
    if (weight.shape.cols != static_cast<index_t>(sums_.size()))
      return Error{Status::shape_mismatch, "got " + std::to_string(weight.shape.cols) +
                                               " columns, expected " +
                                               std::to_string(sums_.size())};
    Shape const tiles = S::Granularity::scale_shape(weight.shape);
    std::vector<float> largest(static_cast<std::size_t>(tiles.size()), 0.0f);
    auto const tile_of = [&](index_t r, index_t c) -> float& {
      return largest[static_cast<std::size_t>(S::Granularity::scale_index(r, c, tiles.cols))];
    };
    for (index_t r = 0; r < weight.shape.rows; ++r)
      for (index_t c = 0; c < weight.shape.cols; ++c)
        tile_of(r, c) = (std::max)(tile_of(r, c), std::abs(to_float(weight(r, c))));
    for (float& x : largest) x = round_to<Step>(x + 1e-6f);
    for (index_t r = 0; r < weight.shape.rows; ++r)
      for (index_t c = 0; c < weight.shape.cols; ++c)
        sums_[static_cast<std::size_t>(c)] +=
            static_cast<double>(round_to<Step>(std::abs(to_float(weight(r, c))) / tile_of(r, c)));
    rows_ += weight.shape.rows;
    return {};
  }

  /// (K); zeros before any weight.
  [[nodiscard]] std::vector<double> means() const {
    std::vector<double> means = sums_;
    for (double& mean : means) mean /= rows_ == 0 ? 1.0 : static_cast<double>(rows_);
    return means;
  }

 private:
  std::vector<double> sums_;
  index_t rows_ = 0;
};

}  // namespace qfmt
