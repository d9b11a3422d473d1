// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/e8m0.hpp>
#include <qfmt/scaling/scale_policy.hpp>

// The MX scale rules. With e = floor(log2 amax) and m the mantissa of amax, in [1, 2), the scale is
// 2^(e - emax + up), where emax is the exponent of F's largest value and the rules differ in `up`. All
// are decided on the integer mantissa: a logarithm in floating point gets the boundaries wrong. F is a
// float or an integer format (MXINT8: emax 0, M 6).

namespace qfmt::mx {

/// up never: the scale that OCP Microscaling Formats 1.0, section 6.3, recommends. The tile's extreme
/// may lie up to a binade above F's largest value and is clamped.
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

/// up when m exceeds the mantissa of F's largest value: the smallest power of two that clips nothing,
/// ceil(log2(amax / max)). What `cvt.rp` of amax / max gives (cuBLAS, Transformer Engine, DeepGEMM).
struct RoundUp {
  static constexpr char const* name = "round_up";
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr bool up(uint32_t mantissa) noexcept {
    return mantissa > F::max_fraction;
  }
};

/// up when rounding amax to F's mantissa bits carries: m >= 1.75 for E2M1, 1.875 for M = 2, 1.9375 for
/// M = 3. May clip by less than the rounding error for M <= 2.
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

/// The E8M0 code of the scale for a tile of largest magnitude `amax`, clamped to 0 ... 254. Zero gives
/// code 0, infinity 254, NaN 255.
template <ElementFormat F, class Rule>
QFMT_HOST_DEVICE constexpr Code<E8M0> scale_code(float amax) noexcept {
  uint32_t const bits = magnitude_bits(amax);
  if (bits > 0x7F800000u) return {static_cast<uint8_t>(E8M0::nan_code)};
  // A subnormal amax from 2^-127 on has a leading one as well: the top bit of its fraction.
  int const exponent = static_cast<int>(bits >> 23);
  uint32_t const mantissa = (exponent != 0 ? bits : bits << 1) & 0x7FFFFFu;
  int const code = exponent - F::max_exponent + (Rule::template up<F>(mantissa) ? 1 : 0);
  int const clamped = code < 0 || bits < 0x400000u ? 0 : code > 254 ? 254 : code;
  return {static_cast<uint8_t>(bits == 0x7F800000u ? 254 : clamped)};
}

/// AtThreeQuarters as compressed-tensors computes it, on the bits of amax in the tensor's type: those of
/// an FP16 subnormal are taken as they are, without normalizing them, and a scale that FP16 cannot hold
/// becomes 1.
template <ElementFormat F, Real T>
QFMT_HOST_DEVICE constexpr Code<E8M0> compressed_tensors_scale_code(float amax) noexcept {
  if constexpr (same_as<T, Code<FP16>>) {
    uint32_t const quarter = 1u << (FP16::mantissa_bits - 2);
    uint32_t const field = (from_float<T>(amax).bits + quarter) >> FP16::mantissa_bits;
    if (field == 0) return {127};
    return {static_cast<uint8_t>(static_cast<int>(field) - FP16::bias + E8M0::bias - F::max_exponent)};
  } else {
    return scale_code<F, AtThreeQuarters>(amax);
  }
}

}  // namespace qfmt::mx

namespace qfmt {

/// A power of two for each tile, kept as E8M0: the scale of the MX formats. profile::CompressedTensors
/// replaces the rule by its own.
template <class Rule>
struct PowerOfTwo {
  static constexpr char const* name = "power_of_two";
  using Stored = Code<E8M0>;
  using Global = NoGlobal;
  static constexpr bool has_zero_point = false;
  template <Profile P, Real T>
  using Quotient = typename P::template Step<T>;

  template <ElementFormat F, Profile P, Real T>
  QFMT_HOST_DEVICE static constexpr TileParams<Stored> fit(Range range, Global = {}) noexcept {
    if constexpr (same_as<P, profile::CompressedTensors>) {
      return {mx::compressed_tensors_scale_code<F, T>(range.amax())};
    } else {
      return {mx::scale_code<F, Rule>(range.amax())};
    }
  }

  template <ElementFormat F, Profile P, Real T>
  QFMT_HOST_DEVICE static constexpr Global fit_global(float /*amax*/) noexcept {
    return {};
  }

  QFMT_HOST_DEVICE static constexpr float effective(Stored stored, Global = {}) noexcept { return decode(stored); }
};

static_assert(ScalePolicy<PowerOfTwo<mx::Floor>, E2M1>);
static_assert(mx::scale_code<E2M1, mx::Floor>(6.9375f).bits == 127);
static_assert(mx::scale_code<E2M1, mx::RoundUp>(6.9375f).bits == 128);
static_assert(mx::scale_code<E2M1, mx::AtThreeQuarters>(7.0f).bits == 128);

}  // namespace qfmt
