// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <span>
#include <string>

#include <qfmt/calibration/symmetric_tiles.hpp>
#include <qfmt/core/matrix_view.hpp>
#include <qfmt/core/parallel.hpp>
#include <qfmt/tensor/quantize.hpp>

namespace qfmt {

/// What a layer's inputs say about its weight: the sum of x x^T over the tokens x, (K, K). With
/// H = 2/n times that sum, a change D of the weight changes the squared error of the outputs by
/// tr(D H D^T) / 2 on average: H is the Hessian of that error, the same for every row of the weight.
/// Layers with the same input (q, k, v; gate, up) share one.
///
/// n counts sequences, as llm-compressor does. It scales the reported loss, and columns without input
/// against the others; codes depend on it in no other way.
///
/// Sums are binary32: a chain of fused multiply-adds over at most 256 tokens of a batch, in order,
/// then added to what was there. The bits depend on where batches begin; they depend neither on the
/// executor nor on `isa`. Counts are exact.
class Hessian {
 public:
  static constexpr index_t tokens_at_once = 256;

  explicit Hessian(index_t columns) : sums_{columns} {}

  /// One batch of inputs, (tokens, K). `kept` leaves tokens out, padding for instance: one byte for
  /// each, 0 for those that do not count; nothing given keeps all. `sequences` is how many the batch
  /// holds; it is not counted if no token was kept.
  ///
  /// Errors, and the batch is then left out: shape_mismatch; nonfinite_activation, naming batch, row
  /// and column of the first NaN or infinity among the kept tokens; null_pointer.
  template <Real T, Executor E = Serial const>
  Result<void> observe(MatrixView<T const> batch, std::span<uint8_t const> kept = {},
                       E&& executor = Serial{}, index_t sequences = 1, Isa isa = selected_isa()) {
    index_t const number = batches_++;
    if (auto const usable = check(batch, kept); !usable)
      return Error{usable.status(),
                   "batch " + std::to_string(number) + ": " + usable.error().message};
    std::vector<index_t> rows;
    for (index_t r = 0; r < batch.shape.rows; ++r) {
      if (kept.empty() || kept[static_cast<std::size_t>(r)] != 0)
        rows.push_back(r);
    }
    for (index_t const r : rows) {
      MatrixView<T const> const row{batch.row(r), {1, batch.shape.cols}};
      if (is_finite(amax<T>(row, Serial{}, isa)))
        continue;
      for (index_t c = 0; c < batch.shape.cols; ++c) {
        float const x = to_float(row(0, c));
        if (!is_finite(x))
          return Error{Status::nonfinite_activation, "batch " + std::to_string(number) + ": row " +
                                                         std::to_string(r) + ", column " +
                                                         std::to_string(c) + ": got " +
                                                         (is_nan(x) ? "NaN"
                                                          : x > 0   ? "+Inf"
                                                                    : "-Inf") +
                                                         ", expected a finite value"};
      }
    }
    auto const count = static_cast<index_t>(rows.size());
    for (index_t first = 0; first < count; first += tokens_at_once) {
      index_t const chunk = (std::min)(tokens_at_once, count - first);
      add(batch, {rows.data() + first, static_cast<std::size_t>(chunk)}, executor, isa);
    }
    tokens_ += count;
    if (count > 0)
      sequences_ += sequences;
    return {};
  }

  /// Adds what another has seen, of the same columns.
  ///
  /// Errors: shape_mismatch.
  Result<void> merge(Hessian const& other) {
    if (other.columns() != columns())
      return Error{Status::shape_mismatch, "got " + std::to_string(other.columns()) +
                                               " columns, expected " + std::to_string(columns())};
    for (std::size_t i = 0; i < sums_.numbers().size(); ++i)
      sums_.numbers()[i] += other.sums_.numbers()[i];
    batches_ += other.batches_;
    tokens_ += other.tokens_;
    sequences_ += other.sequences_;
    return {};
  }

  [[nodiscard]] index_t columns() const noexcept { return sums_.size(); }
  [[nodiscard]] index_t tokens() const noexcept { return tokens_; }
  [[nodiscard]] index_t sequences() const noexcept { return sequences_; }
  [[nodiscard]] index_t batches() const noexcept { return batches_; }

  /// The sum of x x^T.
  [[nodiscard]] SymmetricTiles const& sums() const noexcept { return sums_; }
  /// 2 / n; 0 before any token.
  [[nodiscard]] float scale() const noexcept {
    return sequences_ == 0 ? 0.0f : 2.0f / static_cast<float>(sequences_);
  }
  /// An element of H.
  [[nodiscard]] float operator()(index_t row, index_t col) const noexcept {
    return sums_(row, col) * scale();
  }

  /// A given H, for one sequence of `tokens` tokens: only its lower triangle is read.
  [[nodiscard]] static Hessian from(MatrixView<float const> h, index_t tokens) {
    Hessian hessian{h.shape.cols};
    for (index_t i = 0; i < h.shape.cols; ++i) {
      for (index_t j = 0; j <= i; ++j) {
        float const half = h(i, j) * 0.5f;  // 2 / n comes on top
        hessian.sums_.lower(i, j) = half;
        if (i / tile_side == j / tile_side)  // tiles on the diagonal are whole
          hessian.sums_.tile(i / tile_side,
                             i / tile_side)[j % tile_side * tile_side + i % tile_side] = half;
      }
    }
    hessian.tokens_ = tokens;
    hessian.sequences_ = hessian.batches_ = 1;
    return hessian;
  }

 private:
  template <Real T>
  [[nodiscard]] Result<void> check(MatrixView<T const> batch, std::span<uint8_t const> kept) const {
    if (batch.shape.cols != columns() || batch.shape.rows < 0)
      return Error{Status::shape_mismatch, "got " + std::to_string(batch.shape.rows) + " x " +
                                               std::to_string(batch.shape.cols) + ", expected " +
                                               std::to_string(columns()) + " columns"};
    if (!kept.empty() && static_cast<index_t>(kept.size()) != batch.shape.rows)
      return Error{Status::shape_mismatch, "got a mask of " + std::to_string(kept.size()) +
                                               " for " + std::to_string(batch.shape.rows) +
                                               " tokens"};
    if (batch.data == nullptr && batch.shape.size() != 0)
      return Error{Status::null_pointer, "got no data"};
    return {};
  }

  /// Adds x x^T of these rows, in order.
  template <Real T, Executor E>
  void add(MatrixView<T const> batch, std::span<index_t const> rows, E& executor, Isa isa) {
    constexpr index_t side = tile_side;
    auto const depth = static_cast<index_t>(rows.size());
    // (tiles, depth, 64): the columns of each tile side by side, in binary32.
    std::vector<float> strips(static_cast<std::size_t>(sums_.tiles() * depth * side));
    executor.for_each_range(sums_.tiles(), 1, [&](IndexRange tiles) {
      for (index_t t = tiles.begin; t < tiles.end; ++t) {
        index_t const cols = (std::min)(side, columns() - t * side);
        for (index_t k = 0; k < depth; ++k)
          detail::widen(batch.row(rows[static_cast<std::size_t>(k)]) + t * side, cols,
                        strips.data() + (t * depth + k) * side);
      }
    });
    executor.for_each_range(sums_.tiles(), 1, [&](IndexRange tile_rows) {
      // The longest rows first, so that threads end together.
      for (index_t t = tile_rows.begin; t < tile_rows.end; ++t) {
        index_t const i = sums_.tiles() - 1 - t;
        for (index_t j = 0; j <= i; ++j) {
          add_product<false>(isa, strips.data() + i * depth * side, side,
                             strips.data() + j * depth * side, depth, sums_.tile(i, j), side);
        }
      }
    });
  }

  SymmetricTiles sums_;
  index_t batches_ = 0;
  index_t tokens_ = 0;
  index_t sequences_ = 0;
};

}  // namespace qfmt
