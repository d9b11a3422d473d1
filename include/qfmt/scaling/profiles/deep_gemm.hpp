// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/scaling/profiles/ties_to_zero.hpp>
#include <qfmt/scaling/profiles/torch.hpp>

namespace qfmt::profile {

/// DeepGEMM 54e2261, deep_gemm/utils/math.py, with the casts of the newest PyTorch: FP8 and FP4
/// with scales of amax / largest, or the power of two from there up. amax is at least 1e-4, and
/// values are multiplied by the reciprocal. E2M1: ties go to the smaller magnitude, there is no
/// negative zero, NaN becomes 0.
struct DeepGemm : Torch {
  static constexpr char const* name = "DeepGemm";

  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> encode(float x) noexcept {
    if constexpr (same_as<F, E2M1>) {
      if (is_nan(x))
        return {};
      Code<F> const code = qfmt::encode<F, TiesToZero>(x);
      return (code.bits & F::magnitude_mask) == 0 ? Code<F>{} : code;
    } else {
      return Torch::encode<F>(x);
    }
  }

  QFMT_HOST_DEVICE static constexpr float prepare(float scale) noexcept { return 1.0f / scale; }
  QFMT_HOST_DEVICE static constexpr float prepare_two_level(float block_scale,
                                                            GlobalScale global) noexcept {
    return 1.0f / (block_scale / global.encode_scale);
  }
  QFMT_HOST_DEVICE static constexpr float apply(float x, float prepared) noexcept {
    return x * prepared;
  }

  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr float fitted_amax(float amax) noexcept {
    return amax < 1e-4f ? 1e-4f : amax;
  }

  /// NaN is taken for infinity.
  template <ElementFormat F, class Rule, Real T>
  QFMT_HOST_DEVICE static constexpr Code<E8M0> mx_scale(float amax) noexcept {
    Code<E8M0> const scale = mx::scale_code<F, mx::RoundUp>(fitted_amax<F>(amax));
    return scale.bits == E8M0::nan_code ? Code<E8M0>{static_cast<uint8_t>(E8M0::max_code)} : scale;
  }
};

static_assert(Profile<DeepGemm>);

}  // namespace qfmt::profile
