// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/format.hpp>

namespace qfmt {

/// Which codes of a small float are not numbers.
enum class Specials : uint8_t {
  none,  ///< every code is finite
  nan,   ///< the code with all magnitude bits set is NaN, of either sign; no infinity (OCP E4M3,
         ///< E8M0)
  ieee,  ///< the top exponent holds infinity (mantissa zero) and NaN (OCP E5M2, FP16, BF16)
  fnuz,  ///< "finite, NaN, unsigned zero": the code of negative zero is the only NaN, no infinity
};

/// The facts of a small float. Everything else is derived in Minifloat.
struct FloatSpec {
  int exponent_bits;
  int mantissa_bits;
  Specials specials = Specials::none;
  bool is_signed = true;
  bool has_zero =
      true;  ///< false: the lowest exponent holds normal numbers, there is no zero (E8M0)
  int bias_override = -1;  ///< negative: the bias is 2^(exponent_bits - 1) - 1
};

/// A sign, an exponent field E and a mantissa field m of M bits, most significant first:
///
///     value = (-1)^sign * 2^(E - bias) * (1 + m / 2^M)     E > 0, or has_zero is false
///     value = (-1)^sign * 2^(1 - bias) * (m / 2^M)         E = 0: zero and the subnormals
///
/// Because magnitude codes are ordered like the values they name, "ties to even" is "ties to the
/// even code", and rounding works on codes alone.
template <FloatSpec S>
struct Minifloat {
  static constexpr FloatSpec spec = S;
  static constexpr Family family = Family::minifloat;
  static constexpr int exponent_bits = S.exponent_bits;
  static constexpr int mantissa_bits = S.mantissa_bits;
  static constexpr int bits = S.exponent_bits + S.mantissa_bits + (S.is_signed ? 1 : 0);
  using storage_type = conditional_t<(bits > 8), uint16_t, uint8_t>;

  static constexpr int bias =
      S.bias_override >= 0 ? S.bias_override : (1 << (S.exponent_bits - 1)) - 1;
  static constexpr uint32_t magnitude_mask =
      (uint32_t{1} << (S.exponent_bits + S.mantissa_bits)) - 1;
  static constexpr uint32_t sign_mask = S.is_signed ? uint32_t{1} << (bits - 1) : 0;

  /// The largest finite magnitude.
  static constexpr uint32_t max_code =
      S.specials == Specials::nan ? magnitude_mask - 1
      : S.specials == Specials::ieee
          ? (((uint32_t{1} << S.exponent_bits) - 1) << S.mantissa_bits) - 1
          : magnitude_mask;
  /// Exponent of the smallest normal number and of the largest number.
  static constexpr int min_exponent = S.has_zero ? 1 - bias : -bias;
  static constexpr int max_exponent = static_cast<int>(max_code >> S.mantissa_bits) - bias;

  /// The mantissa of the largest number, as the fraction field of a binary32.
  static constexpr uint32_t max_fraction = (max_code & ((uint32_t{1} << S.mantissa_bits) - 1))
                                           << (23 - S.mantissa_bits);

  static constexpr bool is_signed = S.is_signed;
  static constexpr bool has_zero = S.has_zero;
  static constexpr bool has_negative_zero =
      S.is_signed && S.has_zero && S.specials != Specials::fnuz;
  static constexpr bool has_nan = S.specials != Specials::none;
  static constexpr bool has_infinity = S.specials == Specials::ieee;

  /// The code that conversions give for NaN: the canonical NaN, or the largest magnitude where the
  /// format has no NaN (as the hardware conversions do).
  static constexpr uint32_t nan_code = S.specials == Specials::none   ? max_code
                                       : S.specials == Specials::fnuz ? sign_mask
                                                                      : magnitude_mask;
  /// What a magnitude becomes when it overflows and Saturate is not asked for.
  static constexpr uint32_t overflow_code = S.specials == Specials::none   ? max_code
                                            : S.specials == Specials::ieee ? max_code + 1
                                                                           : nan_code;
};

/// Small floats with a zero and subnormals: all but the next.
template <class F>
concept FloatWithZero = FloatFormat<F> && F::has_zero;

/// Bare powers of two, without mantissa, sign or zero: E8M0.
template <class F>
concept PowersOfTwo = FloatFormat<F> && !F::has_zero && F::mantissa_bits == 0;

}  // namespace qfmt
