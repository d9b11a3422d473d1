// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <qfmt/observers/observer.hpp>

namespace qfmt {

/// The smallest and the largest value. Compared by order_key, so that a NaN is never lost.
class MinMax {
 public:
  static constexpr char const* name = "min_max";

  constexpr void observe(std::span<float const> values) noexcept {
    int32_t low = min_;
    int32_t high = max_;
    for (float const value : values) {
      int32_t const key = order_key(value);
      low = (std::min)(low, key);
      high = (std::max)(high, key);
    }
    min_ = low;
    max_ = high;
  }
  constexpr void merge(MinMax const& other) noexcept {
    min_ = (std::min)(min_, other.min_);
    max_ = (std::max)(max_, other.max_);
  }

  /// Nothing was observed.
  [[nodiscard]] constexpr bool empty() const noexcept { return min_ > max_; }

  [[nodiscard]] constexpr Range range() const noexcept {
    if (empty())
      return {};
    return {from_order_key(min_), from_order_key(max_)};
  }

 private:
  int32_t min_ = 0x7FFFFFFF;
  int32_t max_ = -0x7FFFFFFF - 1;
};

static_assert(OrderFreeObserver<MinMax>);

}  // namespace qfmt
