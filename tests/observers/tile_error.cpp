// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <doctest/doctest.h>

#include <qfmt/observers/tile_error.hpp>

using namespace qfmt;

TEST_CASE("tile_error: sums of magnitudes and of squares, and the largest") {
  auto const to_integer = [](float x) { return x < 0.5f ? 0.0f : 1.0f; };
  constexpr std::array values{0.25f, 0.5f, 1.0f, -2.0f};
  CHECK(tile_error<TileError::magnitudes>(to_integer, values, {}) == 2.75f);
  CHECK(tile_error<TileError::squares>(to_integer, values, {}) == 4.3125f);
  CHECK(tile_error<TileError::largest>(to_integer, values, {}) == 2.0f);

  constexpr std::array importance{4.0f, 2.0f, 9.0f, 0.25f};
  CHECK(tile_error<TileError::magnitudes>(to_integer, values, importance) == 2.5f);
  CHECK(tile_error<TileError::squares>(to_integer, values, importance) == 1.75f);
  CHECK(tile_error<TileError::largest>(to_integer, values, importance) == 1.0f);
  CHECK(tile_error<TileError::squares>(to_integer, std::span<float const>{}, {}) == 0.0f);
}
