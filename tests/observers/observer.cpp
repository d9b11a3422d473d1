// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <cmath>
#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/observer_laws.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/absmax.hpp>
#include <qfmt/observers/entropy.hpp>
#include <qfmt/observers/histogram_mse.hpp>
#include <qfmt/observers/min_max.hpp>
#include <qfmt/observers/moving_average.hpp>
#include <qfmt/observers/percentile.hpp>

// The laws of observers, over every observer, and over sabotaged ones that must not pass.

using namespace qfmt;
using namespace qfmt::test;

namespace {

using OrderFree = TypeList<AbsMax, MinMax>;
using Histograms = TypeList<Percentile<1, 2>, Entropy<INT8>, HistogramMse<E2M1>>;
using InBatches = TypeList<MovingAverage<>, MovingAverage<1, 2, Code<BF16>>>;

// Negative controls.

/// What a loop with std::fmax does: it drops NaN.
class DropsNan {
 public:
  static constexpr char const* name = "drops_nan";
  void observe(std::span<float const> values) {
    for (float const x : values) max_ = std::fmax(max_, std::fabs(x));
  }
  void merge(DropsNan const& other) { max_ = std::fmax(max_, other.max_); }
  [[nodiscard]] Range range() const { return {-max_, max_}; }

 private:
  float max_ = 0.0f;
};

/// An average over values, in one batch: their order and the cuts matter.
class AverageOfValues {
 public:
  static constexpr char const* name = "average_of_values";
  void observe(std::span<float const> values) {
    for (float const x : values) value_ = 0.9f * value_ + 0.1f * std::fabs(x);
  }
  void merge(AverageOfValues const& other) { value_ = (value_ + other.value_) / 2; }
  [[nodiscard]] Range range() const { return {-value_, value_}; }

 private:
  float value_ = 0.0f;
};

/// Forgets what it merges.
class ForgetsMerged : public AbsMax {
 public:
  void merge(ForgetsMerged const& /*other*/) {}
};

/// Starts from zero, so an empty one is not neutral for ranges that do not hold it.
class StartsAtZero {
 public:
  static constexpr char const* name = "starts_at_zero";
  void observe(std::span<float const> values) {
    for (float const x : values) {
      min_ = std::min(min_, x);
      max_ = std::max(max_, x);
    }
  }
  void merge(StartsAtZero const& other) {
    min_ = other.min_;
    max_ = other.max_;
  }
  [[nodiscard]] Range range() const { return {min_, max_}; }

 private:
  float min_ = 0.0f;
  float max_ = 0.0f;
};

/// Keeps the last piece only: llm-compressor's memoryless_minmax over batches.
class Memoryless {
 public:
  static constexpr char const* name = "memoryless";
  void observe(std::span<float const> values) {
    if (!values.empty())
      last_ = laws::observed<MinMax>(values);
  }
  void merge(Memoryless const& other) { last_ = other.last_; }
  [[nodiscard]] Range range() const { return last_; }

 private:
  Range last_;
};

/// Merges averages instead of batches, as a distributed run of llm-compressor does.
class AveragesAverages : public MovingAverage<> {
 public:
  void merge(AveragesAverages const& other) {
    Range const a = range();
    Range const b = other.range();
    MovingAverage<>::operator=({});
    observe(std::array{(a.min + b.min) / 2, (a.max + b.max) / 2});
  }
};

/// Loses the end of the batch between what it has seen and what it merges.
class JoinsBatches : public MovingAverage<> {
 public:
  void merge(JoinsBatches const& other) {
    Range const range = other.range();
    observe(std::array{range.min, range.max});
  }
};

/// Asks for batches that it does not need.
class NeedsNoBatches : public MinMax {
 public:
  void end_batch() {}
};

template <class O>
void expect_laws() {
  expect_held(laws::empty_is_neutral<O>());
  expect_held(laws::order_free<O>());
  expect_held(laws::merge_is_concatenation<O>());
  expect_held(laws::batches_concatenate<O>());
  expect_held(laws::nothing_hides_nonfinite<O>());
}

}  // namespace

TEST_CASE("laws of every observer: order-free ones") {
  OrderFree::for_each([]<class O>() {
    static_assert(OrderFreeObserver<O>);
    expect_laws<O>();
    expect_held(laws::pieces_in_any_order<O>());
  });
}

TEST_CASE("laws of every observer: those with a histogram") {
  Histograms::for_each([]<class O>() {
    static_assert(OrderFreeObserver<O>);
    expect_laws<O>();
    expect_held(laws::pieces_in_any_order<O>());
  });
}

TEST_CASE("laws of every observer: those of batches") {
  InBatches::for_each([]<class O>() {
    static_assert(BatchObserver<O>);
    expect_laws<O>();
    expect_held(laws::batches_matter<O>());
  });
}

TEST_CASE("sabotaged observers violate a law") {
  static_assert(Observer<DropsNan> && Observer<AverageOfValues> && Observer<ForgetsMerged> &&
                Observer<StartsAtZero>);
  expect_violated(laws::nothing_hides_nonfinite<DropsNan>());
  expect_violated(laws::order_free<AverageOfValues>());
  expect_violated(laws::merge_is_concatenation<AverageOfValues>());
  expect_violated(laws::empty_is_neutral<ForgetsMerged>());
  expect_violated(laws::merge_is_concatenation<ForgetsMerged>());
  expect_violated(laws::empty_is_neutral<StartsAtZero>());
  expect_violated(laws::merge_is_concatenation<StartsAtZero>());
  static_assert(OrderFreeObserver<Memoryless> && BatchObserver<AveragesAverages> &&
                BatchObserver<JoinsBatches> && BatchObserver<NeedsNoBatches>);
  expect_violated(laws::pieces_in_any_order<Memoryless>());
  expect_violated(laws::batches_concatenate<AveragesAverages>());
  expect_violated(laws::batches_concatenate<JoinsBatches>());
  expect_violated(laws::batches_matter<NeedsNoBatches>());
}

TEST_CASE("what is an observer") {
  struct NoRange {
    void observe(std::span<float const> /*values*/) {}
    void merge(NoRange const& /*other*/) {}
  };
  static_assert(!Observer<NoRange> && !Observer<int>);
  CHECK(Observer<AbsMax>);
}
