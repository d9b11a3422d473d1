// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/format.hpp>

namespace qfmt {

/// The facts of an integer format.
struct IntSpec {
  int bits;
  bool is_signed = true;
  int fraction_bits = 0;   ///< where the binary point is (MXINT8: 6)
  bool symmetric = false;  ///< the lowest code is decoded but never produced (MXINT8)
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
  /// The range of integers that encode produces.
  static constexpr int32_t max_int =
      S.is_signed ? (int32_t{1} << (S.bits - 1)) - 1 : (int32_t{1} << S.bits) - 1;
  static constexpr int32_t min_int = !S.is_signed ? 0 : S.symmetric ? -max_int : -max_int - 1;

  // The largest number as a float: 2^max_exponent times a mantissa, given as the fraction field of
  // a binary32. `mantissa_bits` are the bits below the leading one.
  static constexpr int mantissa_bits = S.bits - (S.is_signed ? 2 : 1);
  static constexpr int max_exponent = mantissa_bits - S.fraction_bits;
  static constexpr uint32_t max_fraction = 0x7FFFFFu & ~((uint32_t{1} << (23 - mantissa_bits)) - 1);

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
