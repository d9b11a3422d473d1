// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/reference.hpp>

// Backends that are wrong, for the laws to catch.

namespace qfmt::test {

/// Leaves the last k out.
struct DropsTheTail {
  static constexpr char const* name = "drops the tail";
  static constexpr bool supports(Shape, Shape) { return true; }
  template <class X, class W, class Y, class E, class R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R&) const {
    for (index_t m = 0; m < y.shape.rows; ++m) {
      for (index_t n = 0; n < y.shape.cols; ++n) {
        float sum = 0;
        for (index_t k = 0; k + 1 < shape_of(x).cols; ++k)
          sum = plus_product(sum, value(x, m, k), value(w, n, k));
        y(m, n) = from_float<Y>(epilogue(sum, m, n));
      }
    }
    return Status::ok;
  }
};

/// Rounds the sum to BF16 after every step.
struct AccumulatesInBF16 {
  static constexpr char const* name = "accumulates in BF16";
  static constexpr bool supports(Shape, Shape) { return true; }
  template <class X, class W, class Y, class E, class R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R&) const {
    for (index_t m = 0; m < y.shape.rows; ++m) {
      for (index_t n = 0; n < y.shape.cols; ++n) {
        float sum = 0;
        for (index_t k = 0; k < shape_of(x).cols; ++k)
          sum = round_to<Code<BF16>>(plus_product(sum, value(x, m, k), value(w, n, k)));
        y(m, n) = from_float<Y>(epilogue(sum, m, n));
      }
    }
    return Status::ok;
  }
};

/// Right, but from the last k to the first.
struct SumsBackwards {
  static constexpr char const* name = "sums backwards";
  static constexpr bool supports(Shape, Shape) { return true; }
  template <class X, class W, class Y, class E, class R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R&) const {
    for (index_t m = 0; m < y.shape.rows; ++m) {
      for (index_t n = 0; n < y.shape.cols; ++n) {
        float sum = 0;
        for (index_t k = shape_of(x).cols; k-- > 0;)
          sum = plus_product(sum, value(x, m, k), value(w, n, k));
        y(m, n) = from_float<Y>(epilogue(sum, m, n));
      }
    }
    return Status::ok;
  }
};

/// Right, but writes one element behind each row.
struct WritesOutside {
  static constexpr char const* name = "writes outside";
  static constexpr bool supports(Shape, Shape) { return true; }
  template <class X, class W, class Y, class E, class R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R& executor) const {
    Status const status = ReferenceGemm{}(x, w, y, epilogue, executor);
    for (index_t m = 0; m < y.shape.rows; ++m) y.row(m)[y.shape.cols] = from_float<Y>(1.0f);
    return status;
  }
};

}  // namespace qfmt::test
