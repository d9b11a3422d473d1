// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/scaling/scale_policy.hpp>

namespace qfmt {

/// Two levels: an E4M3 scale for each tile, relative to one binary32 scale for the tensor. The
/// tensor scale maps the largest magnitude to 448 * 6, so that block scales use E4M3's whole range:
///
///     encode_scale = 448 * 6 / amax(tensor)
///     block_scale  = E4M3(encode_scale * amax(tile) / 6)
///
/// A block scale that rounds to zero is replaced as the profile says. Layers that a model server
/// fuses (q/k/v, gate/up) must share one encode_scale: fit it from their common amax.
struct TwoLevel {
  static constexpr char const* name = "two_level";
  using Stored = Code<UE4M3>;
  using Global = GlobalScale;
  static constexpr bool has_zero_point = false;
  /// The effective scale is binary32, so the quotient is too, whatever the tensor's type.
  template <Profile P, Real T>
  using Quotient = float;

  template <FloatFormat F, Profile P, Real T>
  QFMT_HOST_DEVICE static constexpr TileParams<Stored> fit(Range range, Global global) noexcept {
    return {P::template block_scale<F, T>(range.amax(), global)};
  }

  template <FloatFormat F, Profile P, Real T>
  QFMT_HOST_DEVICE static constexpr Global fit_global(float amax) noexcept {
    return P::template global_scale<T>(amax);
  }

  QFMT_HOST_DEVICE static constexpr float effective(Stored stored, Global global) noexcept {
    return decode(stored) / global.encode_scale;
  }
  template <Profile P>
  QFMT_HOST_DEVICE static constexpr float prepare(Stored stored, Global global) noexcept {
    return P::prepare_two_level(decode(stored), global);
  }
};

static_assert(ScalePolicy<TwoLevel, E2M1>);

}  // namespace qfmt
