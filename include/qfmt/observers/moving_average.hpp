// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <qfmt/formats/real.hpp>
#include <qfmt/observers/min_max.hpp>

namespace qfmt {

/// The moving average of the smallest and the largest values of batches, with averaging constant
/// c = Numerator / Denominator: the first batch sets them, then
///
///     average <- (1 - c) * average + c * next
///
/// both products and their sum rounded to Step (llm-compressor's `minmax`, where Step is the type
/// of the tensor; there, 16-bit averages stop moving when a step is less than half an ulp).
///
/// The result depends on what a batch is and on the order of batches. What is kept is the extremes
/// of each batch, eight bytes, so that merging is the concatenation of the batches. A batch without
/// values counts for nothing. One NaN or infinity in any batch makes the range not finite.
template <int Numerator = 1, int Denominator = 100, Real Step = float>
requires(0 < Numerator && Numerator <= Denominator) class MovingAverage {
 public:
  static constexpr char const* name = "moving_average";

  void observe(std::span<float const> values) { open_.observe(values); }

  void end_batch() {
    ended_.push_back(open_);
    open_ = MinMax{};
  }

  void merge(MovingAverage const& other) {
    if (other.ended_.empty()) {
      open_.merge(other.open_);
      return;
    }
    std::vector<MinMax> const batches = other.ended_;  // a copy: `other` may be this observer
    MinMax const last = other.open_;
    open_.merge(batches.front());
    ended_.push_back(open_);
    ended_.insert(ended_.end(), batches.begin() + 1, batches.end());
    open_ = last;
  }

  [[nodiscard]] Range range() const noexcept {
    MinMax all = open_;
    for (MinMax const& batch : ended_) all.merge(batch);
    Range const hull = all.range();
    if (!hull.is_finite())
      return hull;
    Range average;
    bool first = true;
    auto const take = [&](MinMax const& batch) {
      if (batch.empty())
        return;
      Range const next = batch.range();
      average = first ? next : Range{step(average.min, next.min), step(average.max, next.max)};
      first = false;
    };
    for (MinMax const& batch : ended_) take(batch);
    take(open_);
    // At the end of Step's range rounding may leave it.
    return {is_finite(average.min) ? average.min : hull.min,
            is_finite(average.max) ? average.max : hull.max};
  }

 private:
  static float step(float average, float next) noexcept {
    constexpr double c = static_cast<double>(Numerator) / Denominator;
    return round_to<Step>(product(average, static_cast<float>(1.0 - c)) +
                          product(next, static_cast<float>(c)));
  }
  /// Rounded before it is used: a compiler that may contract would fuse it with the sum.
  static float product(float a, float b) noexcept {
    float const volatile rounded = a * b;
    return round_to<Step>(rounded);
  }

  std::vector<MinMax> ended_;
  MinMax open_;
};

static_assert(BatchObserver<MovingAverage<>>);

}  // namespace qfmt
