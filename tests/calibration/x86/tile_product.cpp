// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// That each instruction set gives the portable bits is tested in tests/calibration/tile_product.cpp.
// Here: that the kernels touch nothing beyond their rows.

#include <algorithm>
#include <doctest/doctest.h>
#include <vector>

#include <qfmt/calibration/tile_product.hpp>

using namespace qfmt;

TEST_CASE("kernels write their rows and nothing else") {
  for (int level = 0; level <= static_cast<int>(detected_isa()); ++level) {
    auto const isa = static_cast<Isa>(level);
    for (index_t const rows : {1, 5, 6, 11}) {
      std::vector<float> const a(static_cast<std::size_t>(8 * rows), 1.0f);
      std::vector<float> const b(8 * 64, 1.0f);
      std::vector<float> sums(static_cast<std::size_t>((rows + 2) * 64), 7.0f);
      accumulate_product<false>(isa, a.data(), rows, b.data(), 8, sums.data() + 64, rows);
      auto const guard = [](float x) { return x == 7.0f; };
      CHECK(std::all_of(sums.begin(), sums.begin() + 64, guard));
      CHECK(std::all_of(sums.end() - 64, sums.end(), guard));
      CHECK(std::all_of(sums.begin() + 64, sums.end() - 64, [](float x) { return x == 15.0f; }));
      subtract_in_order(isa, sums.data() + 64, b.data(), a.data(), 1, 8);
      CHECK(std::all_of(sums.begin(), sums.begin() + 64, guard));
      CHECK(sums[64] == 7.0f);
    }
  }
}
