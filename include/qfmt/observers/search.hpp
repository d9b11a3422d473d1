// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/observers/observer.hpp>
#include <qfmt/scaling/two_level.hpp>

namespace qfmt {

/// A search finds the parameters of a tile by trying: it needs the values themselves, not only
/// their range. As an observer it gives their exact range. In format F, under policy P and
/// profile N, for a tile of a tensor of T:
///
///     fit<F, P, N, T>(values, importance, global)   the parameters to store for the tile
///     reach<F, P, N, T>(values, importance)         the magnitude that the tensor's part of the
///                                                   parameters must leave room for
///     reach_bound<N, T>(amax)                       no tile with this largest magnitude, or a
///                                                   smaller one, reaches further
///
/// `values` are finite and those of one whole tile, row by row; beyond the edge of the matrix they
/// are zeros. `importance` weighs their errors: as many non-negative numbers, or none, which weighs
/// all alike.
template <class O>
concept TileSearch = Observer<O> &&
    requires(O const& search, std::span<float const> values, float amax, GlobalScale global) {
  {
    search.template fit<E2M1, TwoLevel, profile::Qfmt, float>(values, values, global)
    } -> std::same_as<TileParams<Code<UE4M3>>>;
  {
    search.template reach<E2M1, TwoLevel, profile::Qfmt, float>(values, values)
    } -> std::same_as<float>;
  { O::template reach_bound<profile::Qfmt, float>(amax) } -> std::same_as<float>;
};

/// A search of several steps that ends when no tile of the whole tensor has gained by the last few:
///
///     gains<F, P, N, T>(values, importance)   bit i: step i was better for this tile than all
///                                             before it
///     ends(gains)                             after how many steps it ends, from the bits of all
///                                             tiles or-ed together
///     end_after(steps)                        makes this search end there
///     steps()                                 after how many it ends now
template <class O>
concept PatientSearch = TileSearch<O> && O::is_patient &&
    requires(O& search, std::span<float const> values, uint64_t gains, int steps) {
  {
    search.template gains<E2M1, TwoLevel, profile::Qfmt, float>(values, values)
    } -> std::same_as<uint64_t>;
  { O::ends(gains) } -> std::same_as<int>;
  search.end_after(steps);
  { search.steps() } -> std::same_as<int>;
};

}  // namespace qfmt
