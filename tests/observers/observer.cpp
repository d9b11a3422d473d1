// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/observer_laws.hpp>

#include <qfmt/observers/absmax.hpp>
#include <qfmt/observers/min_max.hpp>

// The laws of observers, over every observer, and over sabotaged ones that must not pass.

using namespace qfmt;
using namespace qfmt::test;

namespace {

using Observers = TypeList<AbsMax, MinMax>;

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

/// An average over batches: the order and the cuts matter.
class MovingAverage {
 public:
  static constexpr char const* name = "moving_average";
  void observe(std::span<float const> values) {
    for (float const x : values) value_ = 0.9f * value_ + 0.1f * std::fabs(x);
  }
  void merge(MovingAverage const& other) { value_ = (value_ + other.value_) / 2; }
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

}  // namespace

TEST_CASE("laws of every observer") {
  Observers::for_each([]<class O>() {
    static_assert(Observer<O>);
    expect_held(laws::empty_is_neutral<O>());
    expect_held(laws::order_free<O>());
    expect_held(laws::merge_is_concatenation<O>());
    expect_held(laws::nothing_hides_nonfinite<O>());
  });
}

TEST_CASE("sabotaged observers violate a law") {
  static_assert(Observer<DropsNan> && Observer<MovingAverage> && Observer<ForgetsMerged> &&
                Observer<StartsAtZero>);
  expect_violated(laws::nothing_hides_nonfinite<DropsNan>());
  expect_violated(laws::order_free<MovingAverage>());
  expect_violated(laws::merge_is_concatenation<MovingAverage>());
  expect_violated(laws::empty_is_neutral<ForgetsMerged>());
  expect_violated(laws::merge_is_concatenation<ForgetsMerged>());
  expect_violated(laws::empty_is_neutral<StartsAtZero>());
  expect_violated(laws::merge_is_concatenation<StartsAtZero>());
}

TEST_CASE("what is an observer") {
  struct NoRange {
    void observe(std::span<float const> /*values*/) {}
    void merge(NoRange const& /*other*/) {}
  };
  static_assert(!Observer<NoRange> && !Observer<int>);
  CHECK(Observer<AbsMax>);
}
