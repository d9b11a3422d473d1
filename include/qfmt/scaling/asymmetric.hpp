// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/int8.hpp>
#include <qfmt/scaling/scale_policy.hpp>

namespace qfmt {

/// scale = (max - min) / (highest - lowest code), zero point = lowest - min / scale, rounded to an
/// integer; the range is widened to hold zero, so that zero is exact. Integer formats only.
template <Real StoredScale>
struct AsymmetricScale : SingleLevel {
  static constexpr char const* name = "asymmetric";
  using Stored = StoredScale;
  static constexpr bool has_zero_point = true;

  template <IntegerFormat F, Profile P, Real T>
  QFMT_HOST_DEVICE static constexpr TileParams<Stored> fit(Range range, NoGlobal = {}) noexcept {
    using Step = typename P::template Step<T>;
    Range const r = range.with_zero();
    constexpr float steps = max_value<F>() - min_value<F>();
    float span = round_to<Step>(round_to<Step>(r.max - r.min) / steps);
    if (!is_finite(span))
      span = r.max / steps - r.min / steps;  // the difference of two huge extremes
    float const raw = to_float(from_float<Stored>(span));
    float const scale = raw == 0.0f ? P::template nonzero_scale<T, Stored>(r.amax()) : raw;

    // Like the reference, from the scale before its zero is replaced; a tile of zeros has zero
    // point 0.
    float const offset = round_to<Step>(min_value<F>() - round_to<Step>(r.min / raw));
    float const zero_point = is_nan(offset) ? 0.0f : offset;
    return {from_float<Stored>(scale), static_cast<int16_t>(F::to_int(encode<F>(zero_point).bits))};
  }

  QFMT_HOST_DEVICE static constexpr float effective(Stored stored, NoGlobal = {}) noexcept {
    return to_float(stored);
  }
  template <Profile P>
  QFMT_HOST_DEVICE static constexpr float prepare(Stored stored, NoGlobal = {}) noexcept {
    return P::prepare(to_float(stored));
  }
};

using Asymmetric = AsymmetricScale<float>;

static_assert(ScalePolicy<Asymmetric, INT8> && !ScalePolicy<Asymmetric, E2M1>);

}  // namespace qfmt
