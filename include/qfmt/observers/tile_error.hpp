// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/observers/search.hpp>
#include <qfmt/scaling/quantize_value.hpp>

namespace qfmt {

/// How far a tile may be from what it stands for: the sum of |e|, the sum of e^2, or the largest
/// |e|.
enum class TileError : uint8_t { magnitudes, squares, largest };

/// The error of a tile in binary32, from the first value to the last. With importance, each term is
/// multiplied by it.
template <TileError Kind, class RoundTrip>
[[nodiscard]] constexpr float tile_error(RoundTrip const& round_trip, std::span<float const> values,
                                         std::span<float const> importance) noexcept {
  float total = 0.0f;
  for (std::size_t i = 0; i < values.size(); ++i) {
    float const e = round_trip(values[i]) - values[i];
    float term = Kind == TileError::squares ? e * e : e < 0.0f ? -e : e;
    if (!importance.empty())
      term *= importance[i];
    if constexpr (Kind == TileError::largest) {
      total = term > total ? term : total;
    } else {
      total += term;
    }
  }
  return total;
}

}  // namespace qfmt
