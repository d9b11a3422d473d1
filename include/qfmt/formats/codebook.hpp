// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/bit.hpp>
#include <qfmt/formats/format.hpp>

namespace qfmt {

/// The sixteen values of a 4-bit codebook, by code, in any order.
struct Codebook16 {
  float values[16];
  uint16_t reserved = 0;  ///< bit c set: code c decodes to its value but is never produced

  /// How many codes are not reserved.
  QFMT_HOST_DEVICE constexpr int levels() const noexcept {
    int count = 0;
    for (int code = 0; code < 16; ++code) count += (reserved >> code & 1) == 0;
    return count;
  }

  /// The largest magnitude of all, as bits.
  QFMT_HOST_DEVICE constexpr uint32_t max_magnitude_bits() const noexcept {
    uint32_t largest = 0;
    for (float const v : values)
      largest = magnitude_bits(v) > largest ? magnitude_bits(v) : largest;
    return largest;
  }
};

/// A format whose meaning is a table. A value is encoded as the nearest entry, a tie as the smaller
/// of the two.
template <Codebook16 Table>
struct Codebook {
  static constexpr Family family = Family::codebook;
  static constexpr int bits = 4;
  using storage_type = uint8_t;
  static constexpr bool has_nan = false;
  static constexpr bool has_infinity = false;

  /// How many codes encode can produce.
  static constexpr int levels = Table.levels();

  QFMT_HOST_DEVICE static constexpr float value(int code) noexcept { return Table.values[code]; }

  /// The producible code with the rank-th smallest value.
  QFMT_HOST_DEVICE static constexpr int code_of_rank(int rank) noexcept {
    for (int code = 0; code < 16; ++code) {
      if ((Table.reserved >> code & 1) != 0)
        continue;
      int smaller = 0;
      for (int other = 0; other < 16; ++other) {
        smaller += (Table.reserved >> other & 1) == 0 && Table.values[other] < Table.values[code];
      }
      if (smaller == rank)
        return code;
    }
    return 0;
  }

  /// The largest value as 2^max_exponent times a mantissa, given as the fraction field of a
  /// binary32.
  static constexpr uint32_t max_magnitude_bits = Table.max_magnitude_bits();
  static constexpr int max_exponent = static_cast<int>(max_magnitude_bits >> 23) - 127;
  static constexpr uint32_t max_fraction = max_magnitude_bits & 0x7FFFFFu;

  /// The largest T that still belongs to this rank and not to the next: the midpoint of their
  /// values, or the number below it where T does not have the midpoint.
  template <floating_point T = float>
  QFMT_HOST_DEVICE static constexpr T border(int rank) noexcept {
    double const low = static_cast<double>(value(code_of_rank(rank))) / 2.0;
    double const high = static_cast<double>(value(code_of_rank(rank + 1))) / 2.0;
    // The sum of two values far apart is rounded. What it exceeds the larger magnitude by is exact,
    // and says whether that was upwards.
    double const sum = low + high;
    bool const low_is_larger = magnitude_bits(low) > magnitude_bits(high);
    double const added = sum - (low_is_larger ? low : high);
    double const last =
        added > (low_is_larger ? high : low) ? from_order_key(order_key(sum) - 1) : sum;
    T const rounded = static_cast<T>(last);
    return static_cast<double>(rounded) > last ? from_order_key(order_key(rounded) - 1) : rounded;
  }
};

}  // namespace qfmt
