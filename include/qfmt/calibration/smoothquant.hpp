// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <qfmt/calibration/column_scaling.hpp>
#include <qfmt/observers/min_max.hpp>
#include <qfmt/scaling/profile.hpp>

namespace qfmt {

/// The smallest and the largest value of each column of a layer's inputs.
class ColumnRanges {
 public:
  explicit ColumnRanges(index_t columns) : columns_(static_cast<std::size_t>(columns)) {}

  /// One batch, (tokens, K); `kept` as in Hessian::observe. A NaN or an infinity stays in the range.
  ///
  /// Errors: shape_mismatch.
  template <Real T>
  Result<void> observe(MatrixView<T const> batch, std::span<uint8_t const> kept = {}) {
    if (batch.shape.cols != columns() ||
        (!kept.empty() && static_cast<index_t>(kept.size()) != batch.shape.rows))
      return Error{Status::shape_mismatch, "got " + std::to_string(batch.shape.rows) + " x " +
                                               std::to_string(batch.shape.cols) +
                                               " and a mask of " + std::to_string(kept.size()) +
                                               ", expected " + std::to_string(columns()) +
                                               " columns"};
    for (index_t r = 0; r < batch.shape.rows; ++r) {
      if (!kept.empty() && kept[static_cast<std::size_t>(r)] == 0)
        continue;
      ++tokens_;
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        float const x = to_float(batch(r, static_cast<index_t>(c)));
        columns_[c].observe({&x, 1});
      }
    }
    return {};
  }

  /// As if this one had also seen what the other has. Precondition: as many columns.
  void merge(ColumnRanges const& other) noexcept {
    for (std::size_t c = 0; c < columns_.size(); ++c) columns_[c].merge(other.columns_[c]);
    tokens_ += other.tokens_;
  }

  [[nodiscard]] index_t columns() const noexcept { return static_cast<index_t>(columns_.size()); }
  [[nodiscard]] index_t tokens() const noexcept { return tokens_; }
  [[nodiscard]] Range range(index_t column) const noexcept {
    return columns_[static_cast<std::size_t>(column)].range();
  }

 private:
  std::vector<MinMax> columns_;
  index_t tokens_ = 0;
};

/// Raises each number to the largest magnitude of that column of a weight. Called for every layer
/// that shares an input. Precondition: as many numbers as columns.
template <Real T>
void raise_column_amax(MatrixView<T const> weight, std::span<float> amax) noexcept {
  for (index_t r = 0; r < weight.shape.rows; ++r) {
    for (std::size_t c = 0; c < amax.size(); ++c) {
      uint32_t const bits = magnitude_bits(to_float(weight(r, static_cast<index_t>(c))));
      amax[c] = bit_cast<float>((std::max)(magnitude_bits(amax[c]), bits));
    }
  }
}

/// The two formulas of smoothing_scales, see there.
enum class Smoothing : uint8_t { smoothquant, log_equalization };

/// How scales of inputs are found.
struct SmoothQuantOptions {
  /// How much of the difficulty moves from inputs to weights: 0 none, 1 all.
  double strength = 0.5;
  Smoothing algorithm = Smoothing::smoothquant;
};

/// What to divide each column of the inputs by, and to multiply the weights' columns with, so that
/// neither has columns that are much larger than others.
///
///     smoothquant        a^strength / w^(1 - strength), where w > 0; else a
///     log_equalization   a / log2(2 + a)
///
/// with a = max - min of the input and w = 2 * amax of the weights; at least 1e-5. Xiao et al.,
/// "SmoothQuant" (arXiv:2211.10438), equation 4, which has max |x| for a and max |w| for w: the range
/// and the factor are llm-compressor's. Li et al., "FPTQ" (arXiv:2308.15987), for the other.
///
/// Each step is rounded to the profile's type for tensors of T. Errors: calibration_empty before any
/// token; nonfinite_activation or nonfinite_weight, naming the column; shape_mismatch;
/// invalid_argument for a strength outside of [0, 1].
template <Profile N, Real T>
[[nodiscard]] Result<std::vector<double>> smoothing_scales(ColumnRanges const& inputs,
                                                           std::span<float const> weight_amax,
                                                           SmoothQuantOptions const& options = {}) {
  using Step = typename N::template Step<T>;
  if (inputs.tokens() == 0)
    return Error{Status::calibration_empty, "got no token, expected at least one"};
  if (static_cast<index_t>(weight_amax.size()) != inputs.columns())
    return Error{Status::shape_mismatch, "got weights of " + std::to_string(weight_amax.size()) +
                                             " columns, expected " +
                                             std::to_string(inputs.columns())};
  if (!(options.strength >= 0.0 && options.strength <= 1.0))
    return Error{Status::invalid_argument, "got a strength of " + std::to_string(options.strength) +
                                               ", expected a number from 0 to 1"};
  std::vector<double> scales;
  for (index_t c = 0; c < inputs.columns(); ++c) {
    Range const range = inputs.range(c);
    float const a = round_to<Step>(range.max - range.min);
    float const w = round_to<Step>(2.0f * weight_amax[static_cast<std::size_t>(c)]);
    if (!is_finite(a) || !is_finite(w))
      return Error{is_finite(a) ? Status::nonfinite_weight : Status::nonfinite_activation,
                   "column " + std::to_string(c) + ": the range is not finite"};
    // Exponents are rounded, too.
    auto const power = [](float x, double exponent) {
      auto const rounded = static_cast<double>(round_to<Step>(static_cast<float>(exponent)));
      return round_to<Step>(static_cast<float>(std::pow(static_cast<double>(x), rounded)));
    };
    float scale = a;
    if (options.algorithm == Smoothing::log_equalization) {
      auto const logarithm = std::log2(static_cast<double>(round_to<Step>(2.0f + a)));
      scale = round_to<Step>(a / round_to<Step>(static_cast<float>(logarithm)));
    } else if (w > 0.0f) {
      scale = round_to<Step>(power(a, options.strength) / power(w, 1.0 - options.strength));
    }
    scales.push_back(static_cast<double>((std::max)(scale, 1e-5f)));
  }
  return scales;
}

}  // namespace qfmt
