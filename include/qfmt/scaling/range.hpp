// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/bit.hpp>

namespace qfmt {

/// The smallest and the largest value that an observer has seen. A NaN or an infinity among the
/// values shows in at least one of the two.
struct Range {
  float min = 0.0f;
  float max = 0.0f;

  /// max(|min|, |max|), found on the bits: a NaN wins over every number.
  [[nodiscard]] QFMT_HOST_DEVICE constexpr float amax() const noexcept {
    uint32_t const low = magnitude_bits(min);
    uint32_t const high = magnitude_bits(max);
    return bit_cast<float>(low > high ? low : high);
  }

  [[nodiscard]] QFMT_HOST_DEVICE constexpr bool is_finite() const noexcept {
    return qfmt::is_finite(min) && qfmt::is_finite(max);
  }

  /// The same range with zero inside. A NaN becomes zero: ask is_finite() first.
  [[nodiscard]] QFMT_HOST_DEVICE constexpr Range with_zero() const noexcept {
    return {min < 0.0f ? min : 0.0f, max > 0.0f ? max : 0.0f};
  }
};

}  // namespace qfmt
