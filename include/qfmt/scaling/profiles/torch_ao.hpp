// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/e2m3.hpp>
#include <qfmt/formats/e3m2.hpp>
#include <qfmt/scaling/profiles/torch.hpp>

namespace qfmt::profile {

/// torchao 0.18, eager, with the casts of the newest PyTorch: MX by the rule of the scheme (its
/// ScaleCalculationMode; prototype/mx_formats/mx_tensor.py), NVFP4 with two levels
/// (prototype/mx_formats/nvfp4_tensor.py) and Int8Tensor (quantize_/workflows/int8).
///
/// Its mode RCEIL differs in one place, a tile with scale code 0: it multiplies such elements by 1.
struct TorchAO : Torch {
  static constexpr char const* name = "TorchAO";

  /// Clamped to the finite range before the cast. What it makes of NaN in E2M1, E2M3 and E3M2 is
  /// what its integer arithmetic makes of the bits: a small finite value.
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> encode(float x) noexcept {
    if constexpr (same_as<F, E4M3> || same_as<F, E5M2>) {
      return with_nan_sign(x, qfmt::encode<F>(x));
    } else if constexpr (same_as<F, E2M1> || same_as<F, E2M3> || same_as<F, E3M2>) {
      return is_nan(x) ? nan_as_number<F>(x) : qfmt::encode<F>(x);
    } else {
      return Torch::encode<F>(x);
    }
  }

  // MX scales of 2^-127 are applied as 2^-126.
  QFMT_HOST_DEVICE static constexpr float prepare(float scale) noexcept {
    return 1.0f / (scale > power_of_two(-126) ? scale : power_of_two(-126));
  }
  QFMT_HOST_DEVICE static constexpr float prepare_two_level(float block_scale,
                                                            GlobalScale global) noexcept {
    return global.encode_scale / block_scale;
  }
  QFMT_HOST_DEVICE static constexpr float apply(float x, float prepared) noexcept {
    return x * prepared;
  }

  /// The scale is at least 2^-23.
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr float fitted_amax(float amax) noexcept {
    float const smallest = half_range<F>() * power_of_two(-23);
    return amax < smallest ? smallest : amax;
  }

  template <Real T>
  QFMT_HOST_DEVICE static constexpr GlobalScale global_scale(float amax) noexcept {
    return decode_direction(amax);
  }

  /// (amax / 6) / decode_scale, no smaller than E4M3's smallest normal value.
  template <FloatFormat F, Real T>
  QFMT_HOST_DEVICE static constexpr Code<UE4M3> block_scale(float amax,
                                                            GlobalScale global) noexcept {
    Code<UE4M3> const scale = qfmt::encode<UE4M3>((amax / half_range<F>()) / global.decode_scale());
    return scale.bits < 0x08 ? Code<UE4M3>{0x08} : scale;
  }

  /// Infinity is taken for 2^128, except under RoundUp.
  template <ElementFormat F, class Rule, Real T>
  QFMT_HOST_DEVICE static constexpr Code<E8M0> mx_scale(float amax) noexcept {
    bool const infinite = magnitude_bits(amax) == 0x7F800000u && !same_as<Rule, mx::RoundUp>;
    return infinite ? Code<E8M0>{static_cast<uint8_t>(255 - F::max_exponent)}
                    : mx::scale_code<F, Rule>(amax);
  }

 private:
  template <FloatFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> nan_as_number(float x) noexcept {
    constexpr int shift = 23 - F::mantissa_bits;
    uint32_t const magnitude = magnitude_bits(x);
    uint32_t const rebased = magnitude - (uint32_t{127 - F::bias} << 23);
    uint32_t const code =
        (rebased + ((1u << (shift - 1)) - 1) + ((magnitude >> shift) & 1)) >> shift;
    return {static_cast<uint8_t>((code & 0xFF) | (is_negative(x) ? F::sign_mask : 0u))};
  }
};

static_assert(Profile<TorchAO>);

}  // namespace qfmt::profile
