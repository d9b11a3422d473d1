// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/observers/block_scale_search.hpp>
#include <qfmt/observers/tile_error.hpp>

namespace qfmt {

/// Four over six (Cook et al., "Four Over Six", 2025): the largest magnitude of a block lands on 6
/// or on 4, whichever leaves the smaller error; 6 if they are equal. E2M1 has nothing between 4 and
/// 6, so values just below a largest one at 6 suffer.
///
/// A scale for 4 is half as large again as one for 6. E4M3 ends at 448, so the tensor's part maps
/// the largest magnitude to Peak * 6, not 448 * 6: at Peak = 256 the scale for 4 is 384.
template <TileError Error = TileError::squares, int Peak = 256>
class FourOverSix : public BlockScaleSearch<Peak> {
 public:
  static constexpr char const* name = "four_over_six";

  template <ElementFormat F, class P, Profile N, Real T>
  requires same_as<P, TwoLevel>
  [[nodiscard]] constexpr TileParams<Code<UE4M3>> fit(std::span<float const> values,
                                                      std::span<float const> importance,
                                                      GlobalScale global) const noexcept {
    float const amax = this->amax(values);
    auto const six = P::template fit<F, N, T>({-amax, amax}, global);
    auto const four = P::template fit<F, N, T>({amax * -1.5f, amax * 1.5f}, global);
    auto const error = [&](TileParams<Code<UE4M3>> params) {
      return tile_error<Error>(RoundTrip<F, P, N, T>{params, global}, values, importance);
    };
    return error(four) < error(six) ? four : six;
  }
};

static_assert(TileSearch<FourOverSix<>>);

}  // namespace qfmt
