// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <set>

#include <qfmt/calibration/symmetric_tiles.hpp>

using namespace qfmt;

TEST_CASE("every element of the lower triangle has a place of its own") {
  for (index_t const size : {1, 64, 65, 130}) {
    SymmetricTiles matrix{size};
    std::set<float*> places;
    for (index_t r = 0; r < size; ++r) {
      for (index_t c = 0; c <= r; ++c) {
        float* const at = &matrix.lower(r, c);
        CHECK(places.insert(at).second);
        CHECK(at >= matrix.numbers().data());
        CHECK(at < matrix.numbers().data() + matrix.numbers().size());
        *at = static_cast<float>(r * size + c);
      }
    }
    CHECK(matrix.tiles() == ceil_div(size, 64));
    CHECK(static_cast<index_t>(matrix.numbers().size()) ==
          matrix.tiles() * (matrix.tiles() + 1) / 2 * 4096);
    for (index_t r = 0; r < size; ++r)
      for (index_t c = 0; c < size; ++c) CHECK(matrix(r, c) == matrix(c, r));
  }
}

TEST_CASE("tiles lie one after the other, rows of 64 numbers") {
  SymmetricTiles matrix{130};
  CHECK(matrix.tile(1, 0) == matrix.tile(0, 0) + 4096);
  CHECK(matrix.tile(2, 1) == matrix.tile(0, 0) + 4 * 4096);
  CHECK(&matrix.lower(129, 70) == matrix.tile(2, 1) + 1 * 64 + 6);
  CHECK(SymmetricTiles{}.tiles() == 0);
}
