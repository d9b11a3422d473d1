// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/e2m1.hpp>
#include <qfmt/formats/e8m0.hpp>

// The MX scale rules. With e = floor(log2 amax) and m the mantissa of amax, in [1, 2), the scale is
// 2^(e - emax + up), where emax is the exponent of F's largest value and the rules differ in `up`.
// All are decided on the integer mantissa: a logarithm in floating point gets the boundaries wrong.
// F is a float or an integer format (MXINT8: emax 0, M 6).

namespace qfmt::mx {

/// up never: the scale that OCP Microscaling Formats 1.0, section 6.3, recommends. The tile's
/// extreme may lie up to a binade above F's largest value and is clamped.
struct Floor {
  static constexpr char const* name = "floor";
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr bool up(uint32_t mantissa) noexcept {
    return mantissa > 0x7FFFFFu;
  }
};

/// up unless amax is a power of two. Never clips; wastes up to a binade.
struct Ceil {
  static constexpr char const* name = "ceil";
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr bool up(uint32_t mantissa) noexcept {
    return mantissa > 0;
  }
};

/// up when m exceeds the mantissa of F's largest value: the smallest power of two that clips
/// nothing, ceil(log2(amax / max)). What `cvt.rp` of amax / max gives (cuBLAS, Transformer Engine,
/// DeepGEMM).
struct RoundUp {
  static constexpr char const* name = "round_up";
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr bool up(uint32_t mantissa) noexcept {
    return mantissa > F::max_fraction;
  }
};

/// up when rounding amax to F's mantissa bits carries: m >= 1.75 for E2M1, 1.875 for M = 2, 1.9375
/// for M = 3. May clip by less than the rounding error for M <= 2.
struct Even {
  static constexpr char const* name = "even";
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr bool up(uint32_t mantissa) noexcept {
    return mantissa >= 0x800000u - (1u << (22 - F::mantissa_bits));
  }
};

/// up when m >= 1.75, whatever the format: compressed-tensors takes E2M1's width for MXFP8 too. For
/// E2M1 the same as Even; for E4M3 it never clips.
struct AtThreeQuarters {
  static constexpr char const* name = "at_three_quarters";
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr bool up(uint32_t mantissa) noexcept {
    return mantissa >= 0x600000u;
  }
};

/// The E8M0 code of the scale for a tile of largest magnitude `amax`, clamped to 0 ... 254. Zero
/// gives code 0, infinity 254, NaN 255.
template <ElementFormat F, class Rule>
QFMT_HOST_DEVICE constexpr Code<E8M0> scale_code(float amax) noexcept {
  uint32_t const bits = magnitude_bits(amax);
  if (bits > 0x7F800000u)
    return {static_cast<uint8_t>(E8M0::nan_code)};
  // A subnormal amax from 2^-127 on has a leading one as well: the top bit of its fraction.
  int const exponent = static_cast<int>(bits >> 23);
  uint32_t const mantissa = (exponent != 0 ? bits : bits << 1) & 0x7FFFFFu;
  int const code = exponent - F::max_exponent + (Rule::template up<F>(mantissa) ? 1 : 0);
  int const clamped = code < 0 || bits < 0x400000u ? 0 : code > 254 ? 254 : code;
  return {static_cast<uint8_t>(bits == 0x7F800000u ? 254 : clamped)};
}

static_assert(scale_code<E2M1, Floor>(6.9375f).bits == 127);
static_assert(scale_code<E2M1, RoundUp>(6.9375f).bits == 128);
static_assert(scale_code<E2M1, AtThreeQuarters>(7.0f).bits == 128);

}  // namespace qfmt::mx
