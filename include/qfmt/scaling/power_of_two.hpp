// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/scaling/scale_policy.hpp>

namespace qfmt {

/// A power of two for each tile, kept as E8M0: the scale of the MX formats. A profile may replace
/// the rule.
template <class Rule>
struct PowerOfTwo : SingleLevel {
  static constexpr char const* name = "power_of_two";
  using Stored = Code<E8M0>;
  static constexpr bool has_zero_point = false;

  template <ElementFormat F, Profile P, Real T>
  QFMT_HOST_DEVICE static constexpr TileParams<Stored> fit(Range range, NoGlobal = {}) noexcept {
    return {P::template mx_scale<F, Rule, T>(range.amax())};
  }

  QFMT_HOST_DEVICE static constexpr float effective(Stored stored, NoGlobal = {}) noexcept {
    return decode(stored);
  }
  template <Profile P>
  QFMT_HOST_DEVICE static constexpr float prepare(Stored stored, NoGlobal = {}) noexcept {
    return P::prepare(decode(stored));
  }
};

static_assert(ScalePolicy<PowerOfTwo<mx::Floor>, E2M1>);

}  // namespace qfmt
