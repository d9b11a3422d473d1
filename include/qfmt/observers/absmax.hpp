// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <qfmt/observers/observer.hpp>

namespace qfmt {

/// The largest magnitude; the range is symmetric around zero. Found as a maximum of integers, so
/// NaN is never lost (a floating-point maximum may drop it) and the order of values cannot matter.
class AbsMax {
 public:
  static constexpr char const* name = "absmax";

  constexpr void observe(std::span<float const> values) noexcept {
    uint32_t largest = amax_bits_;
    for (float const value : values) largest = (std::max)(largest, magnitude_bits(value));
    amax_bits_ = largest;
  }
  constexpr void merge(AbsMax const& other) noexcept {
    amax_bits_ = (std::max)(amax_bits_, other.amax_bits_);
  }

  [[nodiscard]] constexpr Range range() const noexcept {
    return {bit_cast<float>(amax_bits_ | 0x80000000u), bit_cast<float>(amax_bits_)};
  }

 private:
  uint32_t amax_bits_ = 0;
};

static_assert(OrderFreeObserver<AbsMax>);

}  // namespace qfmt
