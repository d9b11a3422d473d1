// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/config.hpp>

namespace qfmt {

/// Sizes and positions. Signed, so that differences are what they look like.
using index_t = int64_t;

/// Rows and columns of a matrix. A weight is (out_features, in_features); activations are
/// (tokens, features). In both, the columns are the dimension that a product sums over.
struct Shape {
  index_t rows = 0;
  index_t cols = 0;

  QFMT_HOST_DEVICE constexpr index_t size() const noexcept { return rows * cols; }
  QFMT_HOST_DEVICE friend constexpr bool operator==(Shape const&, Shape const&) = default;
};

/// n / d rounded up, for n >= 0, d > 0 and an n + d - 1 that index_t holds.
QFMT_HOST_DEVICE constexpr index_t ceil_div(index_t n, index_t d) noexcept {
  return (n + d - 1) / d;
}

/// The smallest multiple of d that is not below n.
QFMT_HOST_DEVICE constexpr index_t round_up(index_t n, index_t d) noexcept {
  return ceil_div(n, d) * d;
}

}  // namespace qfmt
