// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <doctest/doctest.h>

#include <qfmt/observers/block_scale_search.hpp>

using namespace qfmt;

TEST_CASE("a search of block scales asks for room above its peak") {
  std::array const values{1.0f, -4.0f, 0.5f};
  BlockScaleSearch<256> const search;
  CHECK(search.reach<E2M1, TwoLevel, profile::Qfmt, float>(values, {}) == 7.0f);
  CHECK(BlockScaleSearch<448>::reach_bound<profile::Qfmt, float>(4.0f) == 4.0f);
}
