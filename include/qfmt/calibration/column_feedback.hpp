// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <numeric>
#include <optional>
#include <vector>

#include <qfmt/calibration/cholesky.hpp>
#include <qfmt/calibration/hessian.hpp>

namespace qfmt {

/// In which order GPTQ takes the columns: as they stand, or the ones with the largest inputs first
/// (the diagonal of H falling, equal ones as they stand). Groups keep their columns with `weight`,
/// llm-compressor's "static"; with `group` they are consecutive in that order, and the checkpoint
/// needs to say which column belongs to which (g_idx).
enum class ActivationOrder : uint8_t { none, weight, group };

/// How the errors of columns reach those after them; see ColumnFeedback.
enum class FeedbackForm : uint8_t { direct, inverse };

/// How a Hessian becomes a feedback.
struct FeedbackOptions {
  /// Columns between two updates of everything behind them.
  index_t block_size = 128;
  /// What is added to the diagonal of H, as a part of its mean.
  float damping = 0.01f;
  /// If the factorisation fails, damping grows tenfold, as long as it stays below this.
  float most_damping = 1.0f;
  ActivationOrder order = ActivationOrder::weight;
};

/// How a factorisation went.
struct FeedbackReport {
  float damping = 0.0f;      ///< the part of the mean that was added in the end
  int attempts = 0;          ///< factorisations that were tried
  bool identity = false;     ///< all of them failed: columns do not see each other's errors
  index_t dead_columns = 0;  ///< columns without any input
  double condition = 1.0;    ///< of the damped H, at least: ratio of extreme pivots
};

/// What the quantization of a column does to the columns after it, ready for use: from a
/// factorisation of H, which serves every weight with that input.
///
/// Two forms of the same mathematics, for columns in their order and H = V V^T, V upper triangular:
///
///     direct    w_j + sum over i < j of (w_i - q_i) V_ij / V_jj       w_i as it was at first
///     inverse   w_j - sum over i < j of (w_i - q_i) / U_ii * U_ij     w_i as updated; U = V^-1
///
/// Both are what column j is rounded from, so that the error (w - q) H (w - q)^T is least given the
/// columns before: each of its terms, ((w - q) V)_j squared, is made as small as one column can make
/// it. `inverse` is how GPTQ is usually written (Frantar et al., arXiv:2210.17323, algorithm 1), with
/// U the Cholesky factor of H^-1; `direct` needs no inverse, which halves what is done once for an
/// input.
class ColumnFeedback {
 public:
  /// From a Hessian: dead columns get a diagonal of 1 and their weights count as 0, `damping` times
  /// the mean of the diagonal is added to it, then H is factored. Where that fails at every damping,
  /// the feedback is none at all, and report().identity says so.
  ///
  /// Errors: shape_mismatch without columns; calibration_empty without tokens; nonfinite_activation
  /// if a sum is not finite; invalid_argument for a block size that is not positive, for a damping
  /// below 0 or not finite. Damping 0 is tried once.
  template <Executor E = Serial const>
  [[nodiscard]] static Result<ColumnFeedback> from(Hessian const& hessian,
                                                   FeedbackOptions const& options,
                                                   FeedbackForm form, E&& executor = Serial{},
                                                   Isa isa = selected_isa()) {
    index_t const n = hessian.columns();
    if (n == 0)
      return Error{Status::shape_mismatch, "got no columns"};
    if (hessian.tokens() == 0)
      return Error{Status::calibration_empty, "got no token, expected at least one"};
    if (options.block_size <= 0 || !(options.damping >= 0.0f) || !is_finite(options.damping))
      return Error{Status::invalid_argument, "got blocks of " + std::to_string(options.block_size) +
                                                 " and damping " + std::to_string(options.damping) +
                                                 ", expected positive numbers"};
    ColumnFeedback feedback{n, options.block_size, form};
    std::vector<float> diagonal(static_cast<std::size_t>(n));
    for (index_t i = 0; i < n; ++i) {
      diagonal[static_cast<std::size_t>(i)] = hessian(i, i);
      if (!is_finite(hessian(i, i)))
        return Error{Status::nonfinite_activation,
                     "column " + std::to_string(i) + ": the sum of squares is not finite"};
    }
    if (options.order != ActivationOrder::none) {
      std::stable_sort(feedback.order_.begin(), feedback.order_.end(), [&](index_t a, index_t b) {
        return diagonal[static_cast<std::size_t>(a)] > diagonal[static_cast<std::size_t>(b)];
      });
    }
    double mean = 0.0;
    for (index_t p = 0; p < n; ++p) {
      float& d = diagonal[static_cast<std::size_t>(feedback.order_[static_cast<std::size_t>(p)])];
      if (d == 0.0f) {
        feedback.dead_[static_cast<std::size_t>(p)] = 1;
        ++feedback.report_.dead_columns;
        d = 1.0f;
      }
      mean += static_cast<double>(d) / static_cast<double>(n);
    }
    float damping = options.damping;
    for (;; damping *= 10.0f) {
      ++feedback.report_.attempts;
      feedback.report_.damping = damping;
      SymmetricTiles factor = feedback.permuted(hessian, executor);
      float const added = damping * static_cast<float>(mean);
      for (index_t p = 0; p < n; ++p) {
        if (feedback.is_dead(p))
          factor.lower(p, p) = 1.0f;
        factor.lower(p, p) += added;
      }
      if (factorize_from_end(factor, executor, isa)) {
        feedback.take(factor, executor, isa);
        return feedback;
      }
      if (damping == 0.0f || damping * 10.0f > options.most_damping)
        break;
    }
    feedback.report_.identity = true;
    return feedback;
  }

  /// From a given U, the upper Cholesky factor of H^-1 for columns in `order`: the inverse form.
  /// `dead` marks columns, by their place in the order, whose weights count as 0.
  ///
  /// Errors: shape_mismatch.
  [[nodiscard]] static Result<ColumnFeedback> from_inverse_factor(MatrixView<float const> u,
                                                                  index_t block_size,
                                                                  std::vector<index_t> order = {},
                                                                  std::vector<uint8_t> dead = {}) {
    index_t const n = u.shape.cols;
    ColumnFeedback feedback{n, block_size, FeedbackForm::inverse};
    if (n == 0 || block_size <= 0 || u.shape.rows != n ||
        (!order.empty() && static_cast<index_t>(order.size()) != n) ||
        (!dead.empty() && static_cast<index_t>(dead.size()) != n))
      return Error{Status::shape_mismatch,
                   "got a factor, an order and dead columns of different sizes, or none"};
    if (!order.empty())
      feedback.order_ = std::move(order);
    if (!dead.empty())
      feedback.dead_ = std::move(dead);
    for (index_t p = 0; p < n; ++p) feedback.diagonal_[static_cast<std::size_t>(p)] = u(p, p);
    feedback.fill(Serial{}, [&](index_t j, index_t first, index_t count, float* to) {
      for (index_t k = 0; k < count; ++k) to[k] = u(first + k, j);
    });
    return feedback;
  }

  [[nodiscard]] FeedbackReport const& report() const noexcept { return report_; }
  [[nodiscard]] FeedbackForm form() const noexcept { return form_; }
  [[nodiscard]] index_t columns() const noexcept { return columns_; }
  [[nodiscard]] index_t block_size() const noexcept { return block_size_; }
  [[nodiscard]] index_t blocks() const noexcept { return ceil_div(columns_, block_size_); }
  [[nodiscard]] index_t block_begin(index_t block) const noexcept { return block * block_size_; }
  [[nodiscard]] index_t block_columns(index_t block) const noexcept {
    return (std::min)(block_size_, columns_ - block * block_size_);
  }
  /// The column at each place of the order.
  [[nodiscard]] std::vector<index_t> const& order() const noexcept { return order_; }
  [[nodiscard]] index_t column(index_t place) const noexcept {
    return order_[static_cast<std::size_t>(place)];
  }
  [[nodiscard]] bool is_dead(index_t place) const noexcept {
    return dead_[static_cast<std::size_t>(place)] != 0;
  }
  /// V_jj or U_jj, by form.
  [[nodiscard]] float diagonal(index_t place) const noexcept {
    return diagonal_[static_cast<std::size_t>(place)];
  }
  /// Whether columns see each other's errors at all.
  [[nodiscard]] bool has_feedback() const noexcept { return !numbers_.empty(); }

  /// What is subtracted from some columns j for each unit of column i's error; zero unless i < j.
  /// (depth, width), row i after row i without gaps.
  struct Panel {
    float const* numbers = nullptr;
    index_t depth = 0;
    index_t width = 0;
  };
  /// For i in block `from` and the next six columns j, as far as there are as many, that begin with
  /// column 6 * panel of block `to`. Preconditions: from <= to; has_feedback().
  [[nodiscard]] Panel panel(index_t from, index_t to, index_t panel) const noexcept {
    index_t const first = panel * product_rows;
    index_t const depth = block_columns(from);
    return {numbers_.data() + offset(from, to) + first * depth, depth,
            (std::min)(product_rows, block_columns(to) - first)};
  }

 private:
  ColumnFeedback(index_t columns, index_t block_size, FeedbackForm form)
      : columns_{columns},
        block_size_{block_size},
        form_{form},
        order_(static_cast<std::size_t>(columns)),
        dead_(static_cast<std::size_t>(columns)),
        diagonal_(static_cast<std::size_t>(columns), 1.0f) {
    std::iota(order_.begin(), order_.end(), index_t{0});
  }

  /// Blocks that end in one and the same block lie one after the other, those of block 0 first.
  [[nodiscard]] index_t offset(index_t from, index_t to) const noexcept {
    index_t const before = to * (to + 1) / 2 * block_size_ * block_size_;
    return before + from * block_size_ * block_columns(to);
  }

  /// H with rows and columns in order. A column of its tiles is in as many places of memory as it has
  /// numbers; so the rows of a strip are copied first, whole, tile by tile, and then each is read in order.
  template <Executor E>
  [[nodiscard]] SymmetricTiles permuted(Hessian const& hessian, E& executor) const {
    constexpr index_t side = tile_side;
    SymmetricTiles out{columns_};
    SymmetricTiles const& sums = hessian.sums();
    float const scale = hessian.scale();
    index_t const width = out.tiles() * side;
    index_t const strip = (std::max)(side, ceil_div(columns_, 4));  // K^2 bytes, or some rows
    std::vector<index_t> place_of(order_.size());
    for (std::size_t p = 0; p < order_.size(); ++p)
      place_of[static_cast<std::size_t>(order_[p])] = static_cast<index_t>(p);
    std::vector<float> rows(static_cast<std::size_t>(strip * width));
    for (index_t begin = 0; begin < columns_; begin += strip) {
      index_t const end = (std::min)(columns_, begin + strip);
      executor.for_each_range(out.tiles(), 1, [&](IndexRange tiles) {
        for (index_t t = tiles.begin; t < tiles.end; ++t)
          copy_rows(sums, t, place_of, {begin, end}, rows.data());
      });
      executor.for_each_range(end - begin, side, [&](IndexRange places) {
        for (index_t i = places.begin; i < places.end; ++i) {
          index_t const p = begin + i;
          float const* const row = rows.data() + i * width;
          for (index_t q = 0; q <= p; q += side) {
            float* const to = out.tile(p / side, q / side) + p % side * side;
            index_t const* const from = order_.data() + q;
            for (index_t c = 0; c < (std::min)(side, p + 1 - q); ++c) to[c] = row[from[c]] * scale;
          }
        }
      });
    }
    for (index_t t = 0; t < out.tiles(); ++t) {  // the diagonal tile is whole
      float* const tile = out.tile(t, t);
      for (index_t r = 0; r < side; ++r)
        for (index_t c = r + 1; c < side; ++c) tile[r * side + c] = tile[c * side + r];
    }
    return out;
  }

  /// Of the rows in tile row t, those whose places are in `places`, whole: the row of place p goes to
  /// (p - begin, all columns).
  void copy_rows(SymmetricTiles const& sums, index_t t, std::vector<index_t> const& place_of,
                 IndexRange places, float* rows) const {
    constexpr index_t side = tile_side;
    index_t const width = sums.tiles() * side;
    std::array<float*, std::size_t{side}> to{};
    std::array<index_t, std::size_t{side}> from{};
    std::size_t count = 0;
    for (index_t c = t * side; c < (std::min)(columns_, (t + 1) * side); ++c) {
      index_t const p = place_of[static_cast<std::size_t>(c)];
      if (p < places.begin || p >= places.end)
        continue;
      to[count] = rows + (p - places.begin) * width;
      from[count++] = c % side;
    }
    for (index_t j = 0; j <= t; ++j) {
      for (std::size_t k = 0; k < count; ++k)
        std::copy_n(sums.tile(t, j) + from[k] * side, side, to[k] + j * side);
    }
    for (index_t i = t + 1; i < sums.tiles(); ++i) {
      float const* const tile = sums.tile(i, t);
      for (std::size_t k = 0; k < count; ++k)
        for (index_t r = 0; r < side; ++r) to[k][i * side + r] = tile[r * side + from[k]];
    }
  }

  template <Executor E>
  void take(SymmetricTiles const& factor, E& executor, Isa isa) {
    float least = factor.lower(0, 0);
    float most = least;
    for (index_t p = 0; p < columns_; ++p) {
      float const pivot = factor.lower(p, p);
      diagonal_[static_cast<std::size_t>(p)] = pivot;
      least = (std::min)(least, pivot);
      most = (std::max)(most, pivot);
    }
    double const ratio = static_cast<double>(most) / static_cast<double>(least);
    report_.condition = ratio * ratio;
    if (form_ == FeedbackForm::direct) {
      fill(executor, [&](index_t j, index_t first, index_t count, float* to) {
        read_row(factor, j, first, count, to);
        float const pivot = diagonal_[static_cast<std::size_t>(j)];
        for (index_t k = 0; k < count; ++k) to[k] = -to[k] / pivot;
      });
    } else {
      SymmetricTiles const inverse = invert_lower(factor, executor, isa);
      for (index_t p = 0; p < columns_; ++p)
        diagonal_[static_cast<std::size_t>(p)] = inverse.lower(p, p);
      fill(executor, [&](index_t j, index_t first, index_t count, float* to) {
        read_row(inverse, j, first, count, to);
      });
    }
  }

  /// Elements (row, first), ... of a lower triangular matrix, tile by tile: there they lie side by side.
  static void read_row(SymmetricTiles const& lower, index_t row, index_t first, index_t count,
                       float* to) {
    constexpr index_t side = tile_side;
    for (index_t i = first; i < first + count;) {
      index_t const end = (std::min)(first + count, (i / side + 1) * side);
      to =
          std::copy_n(lower.tile(row / side, i / side) + row % side * side + i % side, end - i, to);
      i = end;
    }
  }

  /// read(j, first, count, to) gives what column j hears of columns [first, first + count), all before j.
  template <Executor E, class Read>
  void fill(E&& executor, Read const& read) {
    numbers_.resize(
        static_cast<std::size_t>(offset(blocks() - 1, blocks() - 1) + block_size_ * block_size_));
    executor.for_each_range(blocks(), 1, [&](IndexRange range) {
      for (index_t t = range.begin; t < range.end; ++t) {
        index_t const to = blocks() - 1 - t;
        for (index_t from = 0; from <= to; ++from) fill_block(from, to, read);
      }
    });
  }

  template <class Read>
  void fill_block(index_t from, index_t to, Read const& read) {
    float* at = numbers_.data() + offset(from, to);
    index_t const begin = block_begin(from);
    index_t const depth = block_columns(from);
    index_t const end = block_begin(to) + block_columns(to);
    std::vector<float> column(static_cast<std::size_t>(depth));
    for (index_t j = block_begin(to); j < end; j += product_rows) {
      index_t const width = (std::min)(product_rows, end - j);
      for (index_t c = 0; c < width; ++c) {
        index_t const before = (std::min)(depth, j + c - begin);  // the others are zero
        read(j + c, begin, before, column.data());
        for (index_t k = 0; k < before; ++k)
          at[k * width + c] = column[static_cast<std::size_t>(k)];
      }
      at += depth * width;
    }
  }

  index_t columns_;
  index_t block_size_;
  FeedbackForm form_;
  std::vector<index_t> order_;
  std::vector<uint8_t> dead_;
  std::vector<float> diagonal_;
  std::vector<float> numbers_;
  FeedbackReport report_;
};

}  // namespace qfmt
