// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/observers/block_scale_search.hpp>
#include <qfmt/observers/tile_error.hpp>

namespace qfmt {

/// The best of the E4M3 block scales from amax / 14 to amax / 3, by the sum of squared errors. The
/// policy's own code if it is as good as the best, else the smallest of the best. With importance,
/// every code up to amax / 3, since the largest value may not matter.
///
/// The tensor's part leaves room for block scales 448 / Peak times as large as the policy's.
template <int Peak = 256>
class ScaleSweep : public BlockScaleSearch<Peak> {
 public:
  static constexpr char const* name = "scale_sweep";

  template <ElementFormat F, class P, Profile N, Real T>
  requires same_as<P, TwoLevel>
  [[nodiscard]] constexpr TileParams<Code<UE4M3>> fit(std::span<float const> values,
                                                      std::span<float const> importance,
                                                      GlobalScale global) const noexcept {
    float const amax = this->amax(values);
    auto const fit_to = [&](float reach) {
      return P::template fit<F, N, T>({-reach, reach}, global);
    };
    auto const error = [&](TileParams<Code<UE4M3>> params) {
      return tile_error<TileError::squares>(RoundTrip<F, P, N, T>{params, global}, values,
                                            importance);
    };
    auto best = fit_to(amax);
    if (amax == 0.0f)
      return best;
    float least = error(best);
    // One further on each side, as these were rounded.
    int const from = importance.empty() ? fit_to(amax * (6.0f / 14.0f)).scale.bits - 1 : 1;
    int const to = fit_to(amax * 2.0f).scale.bits + 1;
    for (int bits = from < 1 ? 1 : from; bits <= (to > 0x7E ? 0x7E : to); ++bits) {
      TileParams<Code<UE4M3>> const params{{static_cast<uint8_t>(bits)}};
      float const found = error(params);
      if (found < least) {
        least = found;
        best = params;
      }
    }
    return best;
  }
};

static_assert(TileSearch<ScaleSweep<>>);

}  // namespace qfmt
