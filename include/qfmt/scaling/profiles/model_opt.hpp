// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/int4.hpp>
#include <qfmt/formats/int8.hpp>
#include <qfmt/scaling/profiles/ties_to_zero.hpp>
#include <qfmt/scaling/profiles/torch.hpp>

namespace qfmt::profile {

/// NVIDIA ModelOpt 0.47, torch/quantization/qtensor and torch/export/quant_utils.py: NVFP4, FP8,
/// INT8 and INT4 of binary32 tensors, with the casts of the newest PyTorch. It divides. NVFP4's
/// tensor scale is amax / 2688, to decode.
struct ModelOpt : Torch {
  static constexpr char const* name = "ModelOpt";

  /// E2M1: -0 becomes +0, NaN of either sign the largest value.
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> encode(float x) noexcept {
    return Torch::encode<F>(same_as<F, E2M1> && magnitude_bits(x) == 0 ? 0.0f : x);
  }

  /// Integers: the largest code.
  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr float scale_divisor() noexcept {
    return max_value<F>();
  }

  QFMT_HOST_DEVICE static constexpr float prepare_two_level(float block_scale,
                                                            GlobalScale global) noexcept {
    return block_scale * global.decode_scale();
  }

  template <Real T>
  QFMT_HOST_DEVICE static constexpr GlobalScale global_scale(float amax) noexcept {
    return decode_direction(amax);
  }

  /// amax / (6 * decode_scale), a zero replaced by 1, then no smaller than the smallest code.
  template <FloatFormat F, Real T>
  QFMT_HOST_DEVICE static constexpr Code<UE4M3> block_scale(float amax,
                                                            GlobalScale global) noexcept {
    float const scale = amax / (half_range<F>() * global.decode_scale());
    Code<UE4M3> const code = qfmt::encode<UE4M3>(scale == 0.0f ? 1.0f : scale);
    return code.bits == 0 ? Code<UE4M3>{0x01} : code;
  }

  /// ceil(log2(amax / largest)), here decided on integers.
  template <ElementFormat F, class Rule, Real T>
  QFMT_HOST_DEVICE static constexpr Code<E8M0> mx_scale(float amax) noexcept {
    return mx::scale_code<F, mx::RoundUp>(amax);
  }
};

/// ModelOpt's MXFP4QTensor, whose E2M1 differs from that of its NVFP4: ties go to the smaller
/// magnitude, and a zero of either sign becomes code 0x8, negative zero.
struct ModelOptMx : ModelOpt {
  static constexpr char const* name = "ModelOptMx";

  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> encode(float x) noexcept {
    if constexpr (same_as<F, E2M1>) {
      return is_nan(x) ? ModelOpt::encode<F>(x)
                       : qfmt::encode<F, TiesToZero>(magnitude_bits(x) == 0 ? -0.0f : x);
    } else {
      return ModelOpt::encode<F>(x);
    }
  }
};

static_assert(Profile<ModelOpt> && Profile<ModelOptMx>);

}  // namespace qfmt::profile
