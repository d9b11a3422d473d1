// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/scaling/profile.hpp>

namespace qfmt::profile {

/// A float format with a sign, of up to 8 bits.
template <class F>
concept SmallFloat = FloatFormat<F> && F::bits <= 8 && F::is_signed;

/// The casts of ml_dtypes 0.6 (JAX, NumPy) from binary32, ml_dtypes/include/float8.h. Overflow and
/// infinity give infinity, NaN or the largest value, whichever the format has first. NaN keeps its
/// sign; in a format with infinity only the top mantissa bit is set; one without NaN gives -0 for
/// NaN and +0 for -NaN. E8M0 is rounded to nearest; zero and negatives give NaN.
///
/// Floats of up to 8 bits only: the package's integer casts cut the fraction off and wrap around,
/// which is no quantization, so integers are the library's.
struct MlDtypes : Qfmt {
  static constexpr char const* name = "MlDtypes";

  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> encode(float x) noexcept {
    if constexpr (ScaleOnlyFormat<F>) {
      bool const positive = !is_negative(x) && magnitude_bits(x) != 0;
      return positive ? nearest_power<F>(x) : Code<F>{static_cast<uint8_t>(F::nan_code)};
    } else if constexpr (SmallFloat<F>) {
      return is_nan(x) ? nan<F>(is_negative(x)) : qfmt::encode<F, NearestEven, ToSpecial>(x);
    } else {
      return Qfmt::encode<F>(x);
    }
  }

  /// A power of two for the magnitude of x: the nearest, ties up, read from the top fraction bit.
  /// In the lowest binade every value above 2^-127 becomes 2^-126. Infinity gives NaN. PyTorch's
  /// cast has the same rule.
  template <ScaleOnlyFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> nearest_power(float x) noexcept {
    uint32_t const bits = magnitude_bits(x);
    if (bits >= 0x7F800000u)
      return {static_cast<uint8_t>(F::nan_code)};
    bool const up = bits >= 0x00800000u ? (bits & 0x400000u) != 0 : bits > 0x400000u;
    return {static_cast<uint8_t>((bits >> 23) + (up ? 1 : 0))};
  }

 private:
  template <FloatFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> nan(bool negative) noexcept {
    uint32_t const sign = negative ? F::sign_mask : 0u;
    if constexpr (!F::has_nan)
      return {static_cast<uint8_t>(F::sign_mask ^ sign)};
    uint32_t const quiet =
        F::has_infinity ? F::overflow_code | (1u << (F::mantissa_bits - 1)) : F::nan_code;
    return {static_cast<uint8_t>(quiet | sign)};
  }
};

static_assert(Profile<MlDtypes>);

}  // namespace qfmt::profile
