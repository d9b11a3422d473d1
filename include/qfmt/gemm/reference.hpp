// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/gemm/backend.hpp>
#include <qfmt/gemm/lanes.hpp>

namespace qfmt {

/// The definition of the product, which every other backend is tested against:
///
///     y(m, n) = epilogue(sum over k of x(m, k) * w(n, k))
///
/// in binary32, from +0, in increasing k, every product and every sum rounded (no contraction).
/// Hence, with S = sum of |x(m, k) * w(n, k)|, the sum is within (K + 2) * 2^-24 * S of the exact
/// one as long as nothing overflows or becomes subnormal. NaN and infinity spread as IEEE 754 says;
/// which NaN is stored is not specified. K = 0 gives +0 to the epilogue.
struct ReferenceGemm {
  static constexpr char const* name = "reference";

  [[nodiscard]] static constexpr bool supports(Shape, Shape) noexcept { return true; }

  template <Operand X, Operand W, Real Y, Epilogue E, Executor R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R& executor) const {
    index_t const depth = shape_of(x).cols;
    executor.for_each_range(y.shape.rows, 1, [&](IndexRange rows) {
      for (index_t m = rows.begin; m < rows.end; ++m) {
        for (index_t n = 0; n < y.shape.cols; ++n) {
          float sum = 0.0f;
          for (index_t k = 0; k < depth; ++k)
            sum = plus_product(sum, value(x, m, k), value(w, n, k));
          y(m, n) = from_float<Y>(epilogue(sum, m, n));
        }
      }
    });
    return Status::ok;
  }
};

static_assert(
    GemmBackend<ReferenceGemm, MatrixView<float const>, QuantTensorView<BlockScheme<NVFP4>>>);

}  // namespace qfmt
