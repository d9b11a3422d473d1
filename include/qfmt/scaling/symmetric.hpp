// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/int8.hpp>
#include <qfmt/scaling/scale_policy.hpp>

namespace qfmt {

/// scale = amax / half_range(F), kept as StoredScale; no zero point. Clip bound: half a code for
/// signed integers, none for floats. Quantization divides by the stored, rounded scale.
template <Real StoredScale>
struct SymmetricScale : SingleLevel {
  static constexpr char const* name = "symmetric";
  using Stored = StoredScale;
  static constexpr bool has_zero_point = false;

  template <ElementFormat F, Profile P, Real T>
  QFMT_HOST_DEVICE static constexpr TileParams<Stored> fit(Range range, NoGlobal = {}) noexcept {
    using Step = typename P::template Step<T>;
    float const amax = P::template fitted_amax<F>(range.amax());
    float const scale =
        to_float(from_float<Stored>(round_to<Step>(amax / P::template scale_divisor<F>())));
    return {from_float<Stored>(scale == 0.0f ? P::template nonzero_scale<T, Stored>(amax) : scale)};
  }

  QFMT_HOST_DEVICE static constexpr float effective(Stored stored, NoGlobal = {}) noexcept {
    return to_float(stored);
  }
  template <Profile P>
  QFMT_HOST_DEVICE static constexpr float prepare(Stored stored, NoGlobal = {}) noexcept {
    return P::prepare(to_float(stored));
  }
};

using Symmetric = SymmetricScale<float>;

static_assert(ScalePolicy<Symmetric, E2M1> && ScalePolicy<SymmetricScale<Code<BF16>>, INT8>);

}  // namespace qfmt
