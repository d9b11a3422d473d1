// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <support/laws/violations.hpp>
#include <vector>

#include <qfmt/scaling/granularity.hpp>

// What holds for every granularity G of tiles of `rows` x `cols` (0: the whole side), found by
// looking at every element.

namespace qfmt::test::laws {

inline std::string show(Shape shape) {
  return std::to_string(shape.rows) + " x " + std::to_string(shape.cols);
}

/// Elements share a scale exactly if they lie in the same tile; every scale has an element; the
/// indices are those of a row-major matrix of scale_shape.
template <class G>
Violations tiles_cover(index_t rows, index_t cols) {
  Violations found{"granularity: the map from elements to scales"};
  for (index_t const m : {0, 1, 2, 3, 5, 8, 31, 33}) {
    for (index_t const n : {0, 1, 2, 7, 8, 16, 17, 31, 32, 65}) {
      Shape const matrix{m, n};
      Shape const scales = G::scale_shape(matrix);
      index_t const high = rows == 0 ? m : rows;
      index_t const wide = cols == 0 ? n : cols;
      Shape const expected{high == 0 ? 0 : (m + high - 1) / high,
                           wide == 0 ? 0 : (n + wide - 1) / wide};
      found.expect(scales == expected, [&] {
        return show(matrix) + ": scales " + show(scales) + " instead of " + show(expected);
      });
      if (matrix.size() == 0)
        continue;
      found.expect(G::tile(matrix) == Shape{high, wide},
                   [&] { return show(matrix) + ": tile " + show(G::tile(matrix)); });

      std::vector<index_t> elements(static_cast<std::size_t>(expected.size()), 0);
      bool mapped = true;
      for (index_t r = 0; r < m; ++r) {
        for (index_t c = 0; c < n; ++c) {
          index_t const index = G::scale_index(r, c, scales.cols);
          mapped = mapped && index == r / high * expected.cols + c / wide;
          if (index >= 0 && index < expected.size())
            ++elements[static_cast<std::size_t>(index)];
        }
      }
      found.expect(mapped, [&] { return show(matrix) + ": an element maps to the wrong scale"; });
      index_t sum = 0;
      bool all_used = true;
      for (index_t const count : elements) {
        sum += count;
        all_used = all_used && count > 0 && count <= high * wide;
      }
      found.expect(all_used && sum == matrix.size(),
                   [&] { return show(matrix) + ": scales without elements, or with too many"; });
    }
  }
  return found;
}

/// Rows in memory hold whole tiles, and no more of them than needed.
template <class G>
Violations rows_are_padded(index_t cols) {
  Violations found{"granularity: padded columns"};
  for (index_t n = 0; n < 300; ++n) {
    index_t const padded = G::padded_cols(n);
    bool const good =
        cols == 0 ? padded == n : padded % cols == 0 && padded >= n && padded - n < cols;
    found.expect(good, [&] {
      return std::to_string(n) + " columns are padded to " + std::to_string(padded);
    });
  }
  return found;
}

}  // namespace qfmt::test::laws
