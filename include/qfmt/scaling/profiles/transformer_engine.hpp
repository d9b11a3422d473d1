// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/scaling/profiles/cuda.hpp>

namespace qfmt::profile {

/// Transformer Engine d0067d0: NVFP4 (common/cast/nvfp4/core_nvfp4.cuh, default settings), MXFP8
/// (common/util/ptx.cuh) and FP8 with power-of-two scales (common/recipe/recipe_common.cuh).
///
/// Not covered: FP8 with binary32 scales, where it keeps 448 / amax and multiplies by that; from
/// the stored scale, its rounded inverse, one cannot get back to it exactly.
struct TransformerEngine : CudaSatfinite {
  static constexpr char const* name = "TransformerEngine";

  QFMT_HOST_DEVICE static constexpr float prepare(float scale) noexcept { return 1.0f / scale; }
  QFMT_HOST_DEVICE static constexpr float prepare_two_level(float block_scale,
                                                            GlobalScale global) noexcept {
    float const reciprocal = 1.0f / (block_scale * global.decode_scale());
    return is_finite(reciprocal) ? reciprocal : largest();
  }
  QFMT_HOST_DEVICE static constexpr float apply(float x, float prepared) noexcept {
    return x * prepared;
  }

  /// 2688 / amax, finite and not zero.
  template <Real T>
  QFMT_HOST_DEVICE static constexpr GlobalScale global_scale(float amax) noexcept {
    float const scale = amax == 0.0f ? 0.0f : 2688.0f / amax;
    return {scale == 0.0f ? 1.0f : is_finite(scale) ? scale : largest()};
  }

  /// amax * (encode_scale * (1 / 6)). May be zero.
  template <FloatFormat F, Real T>
  QFMT_HOST_DEVICE static constexpr Code<UE4M3> block_scale(float amax,
                                                            GlobalScale global) noexcept {
    return qfmt::encode<UE4M3>(amax * (global.encode_scale * (1.0f / half_range<F>())));
  }

  template <ElementFormat F, class Rule, Real T>
  QFMT_HOST_DEVICE static constexpr Code<E8M0> mx_scale(float amax) noexcept {
    return mx::scale_code<F, mx::RoundUp>(amax);
  }

 private:
  QFMT_HOST_DEVICE static constexpr float largest() noexcept { return 0x1.fffffep127f; }
};

static_assert(Profile<TransformerEngine>);

}  // namespace qfmt::profile
