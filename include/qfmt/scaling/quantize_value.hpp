// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/int8.hpp>
#include <qfmt/scaling/symmetric.hpp>

namespace qfmt {

/// The code of x in a tile, step by step as profile N computes it: x divided by the scale, plus the
/// zero point, each rounded to the profile's type, then encoded. `prepared` is Policy::prepare<N>
/// of the tile.
template <ElementFormat F, class Policy, Profile N, Real T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Code<F> quantize_value(float x, float prepared,
                                                                float zero_point) noexcept {
  using Quotient = typename Policy::template Quotient<N, T>;
  float scaled = round_to<Quotient>(N::apply(x, prepared));
  if constexpr (Policy::has_zero_point)
    scaled = round_to<Quotient>(scaled + zero_point);
  return N::template encode<F>(scaled);
}

/// What values become in a tile with given parameters: quantized and read back, every step rounded
/// as profile N does. For searches, which compare parameters by the error that they leave.
template <ElementFormat F, class Policy, Profile N, Real T>
class RoundTrip {
 public:
  using Global = typename Policy::Global;

  QFMT_HOST_DEVICE constexpr RoundTrip(TileParams<typename Policy::Stored> params,
                                       Global global) noexcept
      : prepared_{Policy::template prepare<N>(params.scale, global)},
        scale_{Policy::effective(params.scale, global)},
        zero_point_{static_cast<float>(params.zero_point)} {}

  /// (code - zero_point) * scale.
  [[nodiscard]] QFMT_HOST_DEVICE constexpr float operator()(float x) const noexcept {
    using Quotient = typename Policy::template Quotient<N, T>;
    float grid = decode(quantize_value<F, Policy, N, T>(x, prepared_, zero_point_));
    if constexpr (Policy::has_zero_point)
      grid = round_to<Quotient>(grid - zero_point_);
    return round_to<Quotient>(grid * scale_);
  }

 private:
  float prepared_;
  float scale_;
  float zero_point_;
};

static_assert(RoundTrip<INT8, Symmetric, profile::Qfmt, float>{{0.5f}, {}}(0.74f) == 0.5f);

}  // namespace qfmt
