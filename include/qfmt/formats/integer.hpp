// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/format.hpp>

namespace qfmt {

/// The facts of an integer format; `fraction_bits` puts the binary point (MXINT8: 6).
struct IntSpec {
  int bits;
  bool is_signed = true;
  int fraction_bits = 0;
};

/// Two's complement (signed) or plain binary (unsigned) in the low bits of the code:
/// value = integer / 2^fraction_bits.
template <IntSpec S>
struct Integer {
  static constexpr IntSpec spec = S;
  static constexpr Family family = Family::integer;
  static constexpr int bits = S.bits;
  using storage_type = conditional_t<(bits > 8), uint16_t, uint8_t>;

  static constexpr uint32_t code_mask = (uint32_t{1} << S.bits) - 1;
  static constexpr bool is_signed = S.is_signed;
  static constexpr int32_t min_int = S.is_signed ? -(int32_t{1} << (S.bits - 1)) : 0;
  static constexpr int32_t max_int = S.is_signed ? (int32_t{1} << (S.bits - 1)) - 1 : (int32_t{1} << S.bits) - 1;
  static constexpr bool has_nan = false;
  static constexpr bool has_infinity = false;

  /// The integer that a code stands for.
  QFMT_HOST_DEVICE static constexpr int32_t to_int(uint32_t code) noexcept {
    int32_t const value = static_cast<int32_t>(code & code_mask);
    return S.is_signed && value > max_int ? value - (int32_t{1} << S.bits) : value;
  }
  /// The code of an integer in [min_int, max_int].
  QFMT_HOST_DEVICE static constexpr storage_type from_int(int32_t value) noexcept {
    return static_cast<storage_type>(static_cast<uint32_t>(value) & code_mask);
  }
};

}  // namespace qfmt
