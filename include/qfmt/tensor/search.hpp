// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/core/parallel.hpp>
#include <qfmt/observers/search.hpp>
#include <qfmt/tensor/importance.hpp>
#include <qfmt/tensor/scheme.hpp>

// What a search needs of a whole matrix: the values of a tile in one piece, and what the tiles have
// to agree on before the first of them is fitted.

namespace qfmt {

/// A scheme whose tiles get the parameters that a search finds.
template <class S>
concept SearchedScheme = Scheme<S> && TileSearch<typename S::Timing::TileObserver>;

namespace detail {

/// The values of one tile after the other, row by row, and the weights of their errors. Zeros where
/// the tile is cut off by the edge of the matrix.
template <Real T>
class TileReader {
 public:
  TileReader(MatrixView<T const> matrix, Shape tile, Importance const& importance)
      : matrix_{matrix},
        weights_{importance.weights()},
        tile_{tile},
        values_(static_cast<std::size_t>(tile_.size())),
        importance_(weights_.empty() ? 0 : values_.size()) {}

  /// Reads tile (band, t) and returns its values, which last until the next call.
  std::span<float const> operator()(index_t band, index_t t) {
    index_t const rows = (std::min)(tile_.rows, matrix_.shape.rows - band * tile_.rows);
    index_t const first = t * tile_.cols;
    index_t const cols = (std::min)(tile_.cols, matrix_.shape.cols - first);
    if (rows != tile_.rows || cols != tile_.cols)
      std::fill(values_.begin(), values_.end(), 0.0f);
    for (index_t r = 0; r < rows; ++r) {
      T const* const from = matrix_.row(band * tile_.rows + r) + first;
      float* const to = values_.data() + r * tile_.cols;
      for (index_t c = 0; c < cols; ++c) to[c] = to_float(from[c]);
      if (!importance_.empty())
        std::copy_n(weights_.data() + first, cols, importance_.data() + r * tile_.cols);
    }
    return values_;
  }
  [[nodiscard]] std::span<float const> importance() const noexcept { return importance_; }

 private:
  MatrixView<T const> matrix_;
  std::span<float const> weights_;
  Shape tile_;
  std::vector<float> values_;
  std::vector<float> importance_;  // beyond the edge, whatever was there: the values are zero
};

/// Calls visit(tile values, weights) for every tile, from several threads.
template <Real T, Executor E, class Visit>
void for_each_tile(MatrixView<T const> matrix, Shape tile, Importance const& importance,
                   E& executor, Visit const& visit) {
  if (matrix.shape.rows <= 0 || matrix.shape.cols <= 0)
    return;
  executor.for_each_range(ceil_div(matrix.shape.rows, tile.rows), 8, [&](IndexRange bands) {
    TileReader<T> read{matrix, tile, importance};
    for (index_t band = bands.begin; band < bands.end; ++band)
      for (index_t t = 0; t < ceil_div(matrix.shape.cols, tile.cols); ++t)
        visit(read(band, t), read.importance());
  });
}

/// Raises `largest` to at least `value`; both are magnitudes.
inline void raise(std::atomic<float>& largest, float value) noexcept {
  float seen = largest.load(std::memory_order_relaxed);
  while (seen < value && !largest.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

/// The observer that every tile starts with: a patient search knows how many steps it takes.
template <ElementFormat F, class Policy, Profile N, class Observer, Real T, Executor E>
Observer first_observer(MatrixView<T const> matrix, Shape tile, Importance const& importance,
                        E& executor) {
  Observer observer{};
  if constexpr (PatientSearch<Observer>) {
    std::atomic<uint64_t> gains{0};
    Observer const search{};
    for_each_tile(matrix, tile, importance, executor,
                  [&](std::span<float const> values, std::span<float const> weights) {
                    // More gains only make it longer.
                    if (Observer::ends(gains.load(std::memory_order_relaxed)) == search.steps())
                      return;
                    gains.fetch_or(search.template gains<F, Policy, N, T>(values, weights),
                                   std::memory_order_relaxed);
                  });
    observer.end_after(Observer::ends(gains.load()));
  }
  return observer;
}

}  // namespace detail

/// The magnitude that the tensor's part of the parameters must leave room for; `amax` is the
/// largest of the matrix, and finite. Without a search it is amax itself.
template <Scheme S, Real T, Executor E = Serial const>
[[nodiscard]] float scale_reach(MatrixView<T const> matrix, float amax, E&& executor = Serial{},
                                Importance const& importance = {}) {
  if constexpr (!SearchedScheme<S>) {
    return amax;
  } else {
    using Observer = typename S::Timing::Observer;
    using N = typename S::Profile;
    Shape const tile = S::Granularity::tile(matrix.shape);
    auto const search = detail::first_observer<typename S::Format, typename S::Policy, N, Observer>(
        matrix, tile, importance, executor);
    std::atomic<float> largest{0.0f};
    detail::for_each_tile(
        matrix, tile, importance, executor,
        [&](std::span<float const> values, std::span<float const> weights) {
          AbsMax extremes;
          extremes.observe(values);
          // Most tiles need no search.
          if (Observer::template reach_bound<N, T>(extremes.range().amax()) <=
              largest.load(std::memory_order_relaxed))
            return;
          detail::raise(
              largest,
              search.template reach<typename S::Format, typename S::Policy, N, T>(values, weights));
        });
    return largest.load();
  }
}

}  // namespace qfmt
