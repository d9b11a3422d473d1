// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/e2m1.hpp>
#include <qfmt/scaling/profile.hpp>
#include <qfmt/scaling/range.hpp>

namespace qfmt {

/// The parameters of one tile: what is stored of its scale, and its zero point in code units.
template <class Stored>
struct TileParams {
  Stored scale;
  int16_t zero_point = 0;

  QFMT_HOST_DEVICE friend constexpr bool operator==(TileParams const&, TileParams const&) = default;
};

/// The second level of a policy that has only one.
struct NoGlobal {
  QFMT_HOST_DEVICE friend constexpr bool operator==(NoGlobal const&, NoGlobal const&) = default;
};

/// What policies share whose only scales are those of the tiles.
struct SingleLevel {
  using Global = NoGlobal;
  template <Profile P, Real T>
  using Quotient = typename P::template Step<T>;
  template <ElementFormat F, Profile P, Real T>
  QFMT_HOST_DEVICE static constexpr Global fit_global(float /*amax*/) noexcept {
    return {};
  }
};

/// How the range of a tile becomes a scale and a scale becomes a number.
///
///     Stored                       what is kept for each tile
///     Global                       what is kept for the tensor (NoGlobal: nothing)
///     has_zero_point               whether tiles carry a zero point
///     fit<F, Profile, T>(range, global)   the parameters of a tile of a tensor of T, in format F
///     fit_global<F, Profile, T>(amax)     the tensor's part, from its largest magnitude
///     effective(stored, global)           the scale: value = (code - zero_point) * effective
///     prepare<Profile>(stored, global)    what the profile's apply() takes for a tile
///     Quotient<Profile, T>                the type of a value divided by its scale
template <class P, class F>
concept ScalePolicy = requires(Range range, float amax, typename P::Stored stored,
                               typename P::Global global) {
  { P::name } -> convertible_to<char const*>;
  { P::has_zero_point } -> convertible_to<bool>;
  {
    P::template fit<F, profile::Qfmt, float>(range, global)
    } -> same_as<TileParams<typename P::Stored>>;
  { P::template fit_global<F, profile::Qfmt, float>(amax) } -> same_as<typename P::Global>;
  { P::effective(stored, global) } -> same_as<float>;
  { P::template prepare<profile::Qfmt>(stored, global) } -> same_as<float>;
  requires Real<typename P::template Quotient<profile::Qfmt, float>>;
};

}  // namespace qfmt
