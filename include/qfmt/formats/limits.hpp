// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

#include <qfmt/formats/convert.hpp>

/// std::numeric_limits of the codes of small floats: what <limits> says of float, derived from the
/// facts of the format. Members that return a value return a code; decode() gives the number. Where
/// a format has no NaN or infinity, has_quiet_NaN or has_infinity is false and the member returns
/// what a conversion gives for it: the largest value.
template <qfmt::FloatFormat F>
class std::numeric_limits<qfmt::Code<F>> {
  using Code = qfmt::Code<F>;
  static constexpr Code code(qfmt::uint32_t bits) noexcept {
    return {static_cast<typename F::storage_type>(bits)};
  }
  // floor(x * log10(2)) and ceil(x * log10(2)), exact for |x| < 2100.
  static constexpr int floor_log10_2(int x) noexcept {
    return (x * 1233) / 4096 - (x < 0 && (x * 1233) % 4096 != 0 ? 1 : 0);
  }
  static constexpr int ceil_log10_2(int x) noexcept { return -floor_log10_2(-x); }

 public:
  static constexpr bool is_specialized = true;
  static constexpr bool is_signed = F::is_signed;
  static constexpr bool is_integer = false;
  static constexpr bool is_exact = false;
  static constexpr bool is_bounded = true;
  static constexpr bool is_modulo = false;
  static constexpr bool is_iec559 = false;
  static constexpr bool has_infinity = F::has_infinity;
  static constexpr bool has_quiet_NaN = F::has_nan;
  static constexpr bool has_signaling_NaN = false;
  static constexpr float_round_style round_style = round_to_nearest;
  static constexpr bool traps = false;
  static constexpr bool tinyness_before = false;

  static constexpr int radix = 2;
  static constexpr int digits = F::mantissa_bits + 1;
  static constexpr int digits10 = floor_log10_2(digits - 1);
  static constexpr int max_digits10 = 1 + ceil_log10_2(digits);
  static constexpr int min_exponent = F::min_exponent + 1;
  static constexpr int max_exponent = F::max_exponent + 1;
  static constexpr int min_exponent10 = ceil_log10_2(min_exponent - 1);
  /// The largest n for which 10^n is a value in range.
  static constexpr int max_exponent10 = [] {
    int n = 0;
    for (double power = 10.0; power <= static_cast<double>(qfmt::max_value<F>()); power *= 10.0)
      ++n;
    return n;
  }();

  /// The smallest positive normal value.
  static constexpr Code(min)() noexcept { return code(F::has_zero ? 1u << F::mantissa_bits : 0u); }
  static constexpr Code(max)() noexcept { return code(F::max_code); }
  static constexpr Code lowest() noexcept {
    return code(F::is_signed ? F::sign_mask | F::max_code : 0u);
  }
  /// The smallest positive value.
  static constexpr Code denorm_min() noexcept { return code(F::has_zero ? 1u : 0u); }
  /// The step from 1 to the next value. A format without mantissa has 1.
  static constexpr Code epsilon() noexcept {
    return qfmt::encode<F, qfmt::TowardZero>(qfmt::power_of_two(-F::mantissa_bits));
  }
  static constexpr Code round_error() noexcept { return qfmt::encode<F, qfmt::TowardZero>(0.5f); }
  static constexpr Code infinity() noexcept {
    return code(F::has_infinity ? F::overflow_code : F::max_code);
  }
  static constexpr Code quiet_NaN() noexcept { return code(F::nan_code); }
  static constexpr Code signaling_NaN() noexcept { return quiet_NaN(); }

#if __cplusplus <= 202002L  // C++23 deprecates these two
  static constexpr float_denorm_style has_denorm = F::has_zero ? denorm_present : denorm_absent;
  static constexpr bool has_denorm_loss = false;
#endif
};
