// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <vector>

#include <qfmt/calibration/hessian.hpp>
#include <qfmt/tensor/view.hpp>

namespace qfmt {

namespace detail {

/// tr(D H D^T) / 2 for a D of this shape, given by difference(row, col).
template <class Difference, Executor E>
[[nodiscard]] double error_of(Shape shape, Difference const& difference, Hessian const& hessian,
                              E& executor, Isa isa) {
  constexpr index_t side = tile_side;
  SymmetricTiles const& h = hessian.sums();
  std::vector<double> errors(static_cast<std::size_t>(ceil_div(shape.rows, side)));
  executor.for_each_range(shape.rows, side, [&](IndexRange rows) {
    // (K, 64): the difference, columns of the weight as rows.
    std::vector<float> d(static_cast<std::size_t>(h.tiles() * SymmetricTiles::tile_size));
    for (index_t c = 0; c < shape.cols; ++c) {
      for (index_t r = rows.begin; r < rows.end; ++r)
        d[static_cast<std::size_t>(c * side + r - rows.begin)] = difference(r, c);
    }
    std::vector<float> below(static_cast<std::size_t>(SymmetricTiles::tile_size));
    std::vector<float> here(below.size());
    double error = 0.0;
    for (index_t j = 0; j < h.tiles(); ++j) {
      auto const tile = [&](index_t i) { return d.data() + i * SymmetricTiles::tile_size; };
      std::fill(below.begin(), below.end(), 0.0f);
      std::fill(here.begin(), here.end(), 0.0f);
      // H is symmetric: what is left of the diagonal counts twice, half of it, and the diagonal half.
      for (index_t i = j + 1; i < h.tiles(); ++i)
        accumulate_product<false>(isa, h.tile(i, j), side, tile(i), side, below.data(), side);
      accumulate_product<false>(isa, h.tile(j, j), side, tile(j), side, here.data(), side);
      for (std::size_t e = 0; e < below.size(); ++e)
        error += static_cast<double>(tile(j)[e]) *
                 (static_cast<double>(below[e]) + 0.5 * static_cast<double>(here[e]));
    }
    errors[static_cast<std::size_t>(rows.begin / side)] = error;
  });
  double total = 0.0;
  for (double const error : errors) total += error;
  return total * static_cast<double>(hessian.scale());
}

}  // namespace detail

/// tr(D H D^T) / 2 for D = original - quantized: half the squared error of the outputs, as the loss
/// of gptq() (calibration/gptq.hpp) but without damping. Products in binary32, their sums over a row of the weight in
/// binary64; the bits depend neither on the executor nor on `isa`.
/// Preconditions: equal shapes; as many columns as the Hessian.
template <Scheme S, Real T, Executor E = Serial const>
[[nodiscard]] double output_error(MatrixView<T const> original, QuantTensorView<S> quantized,
                                  Hessian const& hessian, E&& executor = Serial{},
                                  Isa isa = selected_isa()) {
  return detail::error_of(
      original.shape,
      [&](index_t r, index_t c) { return to_float(original(r, c)) - quantized(r, c); }, hessian,
      executor, isa);
}

/// The same for what is not, or no longer, quantized.
template <Real T, Real U, Executor E = Serial const>
[[nodiscard]] double output_error(MatrixView<T const> original, MatrixView<U const> changed,
                                  Hessian const& hessian, E&& executor = Serial{},
                                  Isa isa = selected_isa()) {
  return detail::error_of(
      original.shape,
      [&](index_t r, index_t c) { return to_float(original(r, c)) - to_float(changed(r, c)); },
      hessian, executor, isa);
}

}  // namespace qfmt
