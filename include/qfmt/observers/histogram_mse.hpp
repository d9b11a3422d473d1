// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/observers/threshold_search.hpp>

namespace qfmt {

/// The threshold of the least mean squared error in format F under a symmetric scale: values beyond
/// it become the largest one, the others the nearest. Errors are taken at the bins' edges.
template <ListedFormat F>
struct MseChoice {
  static constexpr char const* name = "histogram_mse";

  [[nodiscard]] static float threshold(Histogram const& histogram) {
    Bins const bins{histogram};
    return cheapest_threshold<F>(bins, Cost{bins});
  }

 private:
  /// The sum of count * (edge - value)^2 over consecutive bins, from running sums of moments. Edges
  /// are taken relative to the largest one, so that no square is too large or too small.
  class Cost {
   public:
    explicit Cost(Bins const& bins) : unit_{bins.edges.back()}, moments_(bins.edges.size() + 1) {
      for (std::size_t i = 0; i < bins.edges.size(); ++i) {
        double const x = bins.edges[i] / unit_;
        double const n = bins.counts[i];
        Moments const& m = moments_[i];
        moments_[i + 1] = {m.count + n, m.sum + n * x, m.squares + n * x * x};
      }
    }
    [[nodiscard]] double cell(std::size_t begin, std::size_t end, std::size_t /*top*/,
                              double value) const {
      double const v = value / unit_;
      Moments const& a = moments_[begin];
      Moments const& b = moments_[end];
      return (b.squares - a.squares) - 2 * v * (b.sum - a.sum) + v * v * (b.count - a.count);
    }
    [[nodiscard]] double outside(std::size_t top, double largest) const {
      return cell(top + 1, moments_.size() - 1, top, largest);
    }

   private:
    struct Moments {
      double count = 0.0;
      double sum = 0.0;
      double squares = 0.0;
    };
    double unit_;
    std::vector<Moments> moments_;
  };
};

/// The range of the least mean squared error in F, from a histogram of all that was seen: what an
/// MSE search is for a weight, for activations that come in batches.
template <ListedFormat F>
using HistogramMse = HistogramObserver<MseChoice<F>>;

}  // namespace qfmt
