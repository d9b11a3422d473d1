// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/observers/absmax.hpp>
#include <qfmt/observers/search.hpp>

namespace qfmt {

/// What searches of NVFP4's block scales share: scales that may be larger than the policy's. E4M3
/// ends at 448, so the tensor's part maps the largest magnitude to Peak * 6, which leaves room for
/// block scales 448 / Peak times as large.
template <int Peak>
requires(Peak >= 1 && Peak <= 448) class BlockScaleSearch : public AbsMax {
 public:
  template <ElementFormat F, class P, Profile N, Real T>
  [[nodiscard]] constexpr float reach(std::span<float const> values,
                                      std::span<float const> /*importance*/) const noexcept {
    return reach_bound<N, T>(amax(values));
  }
  template <Profile N, Real T>
  [[nodiscard]] static constexpr float reach_bound(float amax) noexcept {
    return amax * (448.0f / static_cast<float>(Peak));
  }

 protected:
  [[nodiscard]] static constexpr float amax(std::span<float const> values) noexcept {
    AbsMax seen;
    seen.observe(values);
    return seen.range().amax();
  }
};

}  // namespace qfmt
