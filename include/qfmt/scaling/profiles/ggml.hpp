// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/int8.hpp>
#include <qfmt/scaling/profiles/ties_to_zero.hpp>

namespace qfmt::profile {

/// ggml d99724f, src/ggml-quants.c (the _ref functions) and src/ggml-impl.h: MXFP4 and NVFP4.
/// Elements are the first nearest entry of a table: ties go to the smaller magnitude, there is no
/// negative zero, and NaN and infinity become 0.
struct Ggml : Qfmt {
  static constexpr char const* name = "Ggml";

  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> encode(float x) noexcept {
    if constexpr (same_as<F, E2M1>) {
      if (!is_finite(x))
        return {};
      Code<F> const code = qfmt::encode<F, TiesToZero>(x);
      return (code.bits & F::magnitude_mask) == 0 ? Code<F>{} : code;
    } else {
      return Qfmt::encode<F>(x);
    }
  }

  /// There is no scale for the tensor.
  template <Real T>
  QFMT_HOST_DEVICE static constexpr GlobalScale global_scale(float /*amax*/) noexcept {
    return {1.0f};
  }

  /// ggml_fp32_to_ue4m3(amax / 6): ties go up, everything from 248 on becomes 448, and subnormals
  /// do not round up to the smallest normal value. May be zero.
  template <FloatFormat F, Real T>
  QFMT_HOST_DEVICE static constexpr Code<UE4M3> block_scale(float amax,
                                                            GlobalScale /*global*/) noexcept {
    float const scale = amax / half_range<F>();
    if (!(scale > 0.0f))
      return {};
    uint32_t const code = qfmt::encode<UE4M3, NearestAway>(scale).bits;
    if (code >= 0x78)
      return {0x7E};
    if (code == 0x08 && scale < power_of_two(-6))
      return {0x07};
    // Below 2^-10 there is one value whose sum with a half is rounded up to 1.
    if (magnitude_bits(scale) == magnitude_bits(power_of_two(-10)) - 1)
      return {0x01};
    return {static_cast<uint8_t>(code)};
  }

  template <ElementFormat F, class Rule, Real T>
  QFMT_HOST_DEVICE static constexpr Code<E8M0> mx_scale(float amax) noexcept {
    return mx::scale_code<F, mx::Floor>(amax);
  }
};

/// ggml's Q8_0: the scale is amax / 127, values are multiplied by its reciprocal, ties go away from
/// zero. The codes are those of a binary32 scale; ggml stores that scale as FP16, after it was
/// used. (Its Q4_0 takes the sign of the extreme into the scale and has no counterpart here.)
struct GgmlInteger : Ggml {
  static constexpr char const* name = "GgmlInteger";

  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> encode(float x) noexcept {
    if constexpr (IntegerFormat<F>) {
      return qfmt::encode<F, NearestAway>(x);
    } else {
      return Ggml::encode<F>(x);
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
  QFMT_HOST_DEVICE static constexpr float scale_divisor() noexcept {
    return max_value<F>();
  }
};

static_assert(Profile<Ggml> && Profile<GgmlInteger>);

}  // namespace qfmt::profile
