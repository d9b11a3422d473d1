// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/e4m3.hpp>
#include <qfmt/formats/e4m3fnuz.hpp>
#include <qfmt/formats/e5m2.hpp>
#include <qfmt/formats/e5m2fnuz.hpp>
#include <qfmt/scaling/profiles/ml_dtypes.hpp>

namespace qfmt::profile {

/// The casts of eager PyTorch up to 2.12, c10/util/Float8_*.h, on the CPU. Overflow and infinity
/// give infinity (E5M2) or NaN (E4M3, FNUZ); NaN keeps its sign; E8M0 takes the magnitude and
/// rounds to nearest, zero gives the lowest code. PyTorch has no casts to other formats of up to 8
/// bits: they are the library's.
struct Torch2_12 : Qfmt {
  static constexpr char const* name = "Torch2_12";

  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> encode(float x) noexcept {
    if constexpr (ScaleOnlyFormat<F>) {
      return MlDtypes::nearest_power<F>(x);
    } else if constexpr (same_as<F, E4M3> || same_as<F, E5M2> || same_as<F, E4M3FNUZ> ||
                         same_as<F, E5M2FNUZ>) {
      return with_nan_sign(x, qfmt::encode<F, NearestEven, ToSpecial>(x));
    } else {
      return Qfmt::encode<F>(x);
    }
  }

  /// The NVFP4 tensor scale of the stacks on PyTorch: amax / 2688, to decode. A tensor of zeros, by
  /// which they divide, has 1; one so small that the inverse is not finite has 2^-127.
  QFMT_HOST_DEVICE static constexpr GlobalScale decode_direction(float amax) noexcept {
    GlobalScale const scale = GlobalScale::from_decode(amax == 0.0f ? 1.0f : amax / 2688.0f);
    return is_finite(scale.encode_scale) ? scale : GlobalScale{power_of_two(127)};
  }

  template <FloatFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> with_nan_sign(float x, Code<F> code) noexcept {
    uint32_t const sign = is_nan(x) && is_negative(x) ? F::sign_mask : 0u;
    return {static_cast<uint8_t>(code.bits | sign)};
  }
};

/// From PyTorch 2.13 on (pull requests 177870 and 178817) the cast to E4M3 saturates, infinity
/// included. Those to E5M2 and the FNUZ formats do not.
struct Torch2_13 : Torch2_12 {
  static constexpr char const* name = "Torch2_13";

  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> encode(float x) noexcept {
    if constexpr (same_as<F, E4M3>) {
      return with_nan_sign(x, qfmt::encode<F>(x));
    } else {
      return Torch2_12::encode<F>(x);
    }
  }
};

/// The newest.
using Torch = Torch2_13;

static_assert(Profile<Torch2_12> && Profile<Torch2_13>);

}  // namespace qfmt::profile
