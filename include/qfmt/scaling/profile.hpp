// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/e2m1.hpp>
#include <qfmt/formats/real.hpp>
#include <qfmt/formats/ue4m3.hpp>
#include <qfmt/scaling/global_scale.hpp>
#include <qfmt/scaling/mx_rule.hpp>

// A profile is a bundle of named numeric policies: everything in which the bytes of "the same"
// scheme differ between stacks. It is a parameter of a scheme and the only axis on which numerics
// are chosen.

namespace qfmt {

/// The width of the scale's grid on each side of zero: half of the distance from the lowest to the
/// highest value. 6 for E2M1 and 448 for E4M3; 127.5 for INT8 and 7.5 for INT4, which uses the full
/// range of codes: the positive extreme lands half a step above the largest code and is clamped.
template <ElementFormat F>
QFMT_HOST_DEVICE constexpr float half_range() noexcept {
  return (max_value<F>() - min_value<F>()) / 2.0f;
}

static_assert(half_range<E2M1>() == 6.0f);

/// A float format of powers of two: no mantissa, no zero (E8M0).
template <class F>
concept ScaleOnlyFormat = FloatFormat<F> && !F::has_zero;

}  // namespace qfmt

namespace qfmt::profile {

/// The library's default: binary32 arithmetic with IEEE division whatever the type of the tensor,
/// and no value lost that a scale could have kept.
struct Qfmt {
  static constexpr char const* name = "Qfmt";

  /// The type to which every intermediate result is rounded, for a tensor of T.
  template <Real T>
  using Step = float;

  /// An element, already divided by its scale, as a code. Powers of two (E8M0) are rounded up: as a
  /// scale, none is too small.
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> encode(float x) noexcept {
    if constexpr (ScaleOnlyFormat<F>) {
      return qfmt::encode<F, Up>(x);
    } else {
      return qfmt::encode<F>(x);
    }
  }

  // Dividing by a scale takes two steps: what is done once for a tile, and what is done for each
  // element. Here it is IEEE division by the scale; others multiply by a reciprocal.
  QFMT_HOST_DEVICE static constexpr float prepare(float scale) noexcept { return scale; }
  QFMT_HOST_DEVICE static constexpr float prepare_two_level(float block_scale,
                                                            GlobalScale global) noexcept {
    return block_scale / global.encode_scale;
  }
  QFMT_HOST_DEVICE static constexpr float apply(float x, float prepared) noexcept {
    return x / prepared;
  }

  /// The magnitude that a symmetric scale is fitted to, for a tile with this largest magnitude.
  /// Others do not go below a smallest one.
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr float fitted_amax(float amax) noexcept {
    return amax;
  }

  /// The divisor of a symmetric scale.
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr float scale_divisor() noexcept {
    return half_range<F>();
  }

  /// The scale in place of one that came out as zero: 1 for a tile of zeros; else the smallest
  /// normal binary32, or the smallest positive value of a 16-bit Stored, so that what can survive
  /// does.
  template <Real T, Real Stored>
  QFMT_HOST_DEVICE static constexpr float nonzero_scale(float amax) noexcept {
    if constexpr (same_as<Stored, float>) {
      return amax == 0.0f ? 1.0f : power_of_two(-126);
    } else {
      return amax == 0.0f ? 1.0f : decode(Stored{1});
    }
  }

  /// NVFP4's tensor scale: (448 * 6) / amax to encode, capped at 2^96 so that no block's effective
  /// scale becomes subnormal; 1 for a tensor of zeros. Others start from amax / (448 * 6), to decode.
  template <Real T>
  QFMT_HOST_DEVICE static constexpr GlobalScale global_scale(float amax) noexcept {
    float const largest = power_of_two(96);
    if (amax == 0.0f)
      return {1.0f};
    return {amax < 2688.0f / largest ? largest : 2688.0f / amax};
  }

  /// The NVFP4 scale of a block with this largest magnitude.
  template <FloatFormat F, Real T>
  QFMT_HOST_DEVICE static constexpr Code<UE4M3> block_scale(float amax,
                                                            GlobalScale global) noexcept {
    Code<UE4M3> const scale = qfmt::encode<UE4M3>(global.encode_scale * (amax / half_range<F>()));
    return scale.bits == 0 ? Code<UE4M3>{0x01} : scale;
  }

  /// The MX scale of a tile, by the rule of the scheme.
  template <ElementFormat F, class Rule, Real T>
  QFMT_HOST_DEVICE static constexpr Code<E8M0> mx_scale(float amax) noexcept {
    return mx::scale_code<F, Rule>(amax);
  }
};

/// The arithmetic of compressed-tensors 0.20 on the CPU, step by step in the tensor's own type, so
/// that codes and scales are equal bit for bit. Where that package runs into undefined behaviour,
/// the mathematical continuation is taken (docs/decisions.md).
struct CompressedTensors : Qfmt {
  static constexpr char const* name = "CompressedTensors";

  template <Real T>
  using Step = T;

  /// Adds a zero point of 0, or multiplies by a sign of 0: both make +0 of -0; FP6 copies the sign.
  /// NaN keeps its sign, or becomes 0 where the format has no NaN.
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> encode(float x) noexcept {
    if constexpr (FloatFormat<F>) {
      uint32_t const nan = F::has_nan ? F::nan_code | (is_negative(x) ? F::sign_mask : 0u) : 0u;
      if (is_nan(x))
        return {static_cast<typename F::storage_type>(nan)};
    }
    return Qfmt::encode<F>(magnitude_bits(x) == 0 && !is_fp6<F>() ? 0.0f : x);
  }

  /// An epsilon of the scale's type, whatever the tile held.
  template <Real T, Real Stored>
  QFMT_HOST_DEVICE static constexpr float nonzero_scale(float /*amax*/) noexcept {
    return power_of_two(same_as<T, float> ? -23 : same_as<T, Code<BF16>> ? -7 : -10);
  }

  /// reciprocal(max(amax, smallest normal)) * 2688, both steps rounded to T; a result that is not
  /// finite becomes 1.
  template <Real T>
  QFMT_HOST_DEVICE static constexpr GlobalScale global_scale(float amax) noexcept {
    float const smallest_normal = power_of_two(same_as<T, Code<FP16>> ? -14 : -126);
    float const reciprocal = round_to<T>(1.0f / (amax > smallest_normal ? amax : smallest_normal));
    float const scale = round_to<T>(reciprocal * 2688.0f);
    return {is_finite(scale) ? scale : 1.0f};
  }

  /// A block scale that rounds to zero becomes 0.125, the package's epsilon of E4M3.
  template <FloatFormat F, Real T>
  QFMT_HOST_DEVICE static constexpr Code<UE4M3> block_scale(float amax,
                                                            GlobalScale global) noexcept {
    Code<UE4M3> const scale =
        qfmt::encode<UE4M3>(global.encode_scale * round_to<T>(amax / half_range<F>()));
    return scale.bits == 0 ? Code<UE4M3>{0x20} : scale;
  }

  /// up when rounding amax to one mantissa bit carries (m >= 1.75), for FP6 to three (m >= 1.9375);
  /// on the bits of amax in the tensor's type: those of an FP16 subnormal are taken as they are, and
  /// a scale that FP16 cannot hold becomes 1.
  template <ElementFormat F, class Rule, Real T>
  QFMT_HOST_DEVICE static constexpr Code<E8M0> mx_scale(float amax) noexcept {
    if constexpr (same_as<T, Code<FP16>>) {
      uint32_t const half = 1u << (FP16::mantissa_bits - 1 - (is_fp6<F>() ? 3 : 1));
      uint32_t const field = (from_float<T>(amax).bits + half) >> FP16::mantissa_bits;
      if (field == 0)
        return {127};
      return {static_cast<uint8_t>(static_cast<int>(field) - FP16::bias + E8M0::bias -
                                   F::max_exponent)};
    } else if constexpr (is_fp6<F>()) {
      return mx::scale_code<F, mx::Even>(amax);
    } else {
      return mx::scale_code<F, mx::AtThreeQuarters>(amax);
    }
  }

 private:
  /// The package's FP6 is E2M3.
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr bool is_fp6() noexcept {
    if constexpr (FloatFormat<F>) {
      return F::bits == 6 && F::mantissa_bits == 3;
    } else {
      return false;
    }
  }
};

}  // namespace qfmt::profile

namespace qfmt {

/// A profile has a name and all the steps of profile::Qfmt, whose comments say what each of them
/// is. The others derive from it and replace what differs.
template <class P>
concept Profile = requires(float x, GlobalScale global) {
  { P::name } -> convertible_to<char const*>;
  requires Real<typename P::template Step<float>>;
  { P::template encode<E2M1>(x) } -> same_as<Code<E2M1>>;
  { P::template encode<E8M0>(x) } -> same_as<Code<E8M0>>;
  { P::prepare(x) } -> same_as<float>;
  { P::prepare_two_level(x, global) } -> same_as<float>;
  { P::apply(x, x) } -> same_as<float>;
  { P::template fitted_amax<E2M1>(x) } -> same_as<float>;
  { P::template scale_divisor<E2M1>() } -> same_as<float>;
  { P::template nonzero_scale<float, float>(x) } -> same_as<float>;
  { P::template global_scale<float>(x) } -> same_as<GlobalScale>;
  { P::template block_scale<E2M1, float>(x, global) } -> same_as<Code<UE4M3>>;
  { P::template mx_scale<E2M1, mx::Floor, float>(x) } -> same_as<Code<E8M0>>;
};

static_assert(Profile<profile::Qfmt> && Profile<profile::CompressedTensors>);

}  // namespace qfmt
