// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/observers/threshold_search.hpp>

namespace qfmt {

namespace detail {

/// ln x of a positive normal number, within 2^-51 of max(|ln x|, 2^-10). No library is asked, so that
/// it is the same everywhere. With x = 2^e * m, 3/4 <= m < 3/2: ln m = 2 artanh((m - 1) / (m + 1)).
constexpr double natural_log(double x) noexcept {
  auto const bits = bit_cast<uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double m = bit_cast<double>((bits & 0x000FFFFFFFFFFFFFu) | 0x3FF0000000000000u);
  if (m >= 1.5) {
    m /= 2;
    ++exponent;
  }
  double const z = (m - 1.0) / (m + 1.0);  // |z| <= 1/5
  double series = 0.0;
  for (int k = 23; k >= 1; k -= 2) series = series * z * z + 1.0 / k;
  return exponent * 0.693147180559945309417 + 2.0 * z * series;
}

}  // namespace detail

/// The threshold under which the distribution of the magnitudes loses the least information,
/// KL(P || Q) of
///
///     P   the values as they are, those beyond the threshold moved into its last bin
///     Q   the values within the threshold, those of each code of F spread evenly over the widths
///         of the code's bins that are not empty
///
/// The method of S. Migacz, "8-bit Inference with TensorRT" (GTC 2017), there with 2048 bins of
/// equal width and 128 codes of equal width. Here bins and codes are of any width, so F may be a
/// float format. Zeros do not count.
template <ListedFormat F>
struct EntropyChoice {
  static constexpr char const* name = "entropy";

  [[nodiscard]] static float threshold(Histogram const& histogram) {
    Bins const bins{histogram};
    return cheapest_threshold<F>(bins, Cost{bins});
  }

 private:
  /// N KL(P || Q) up to a constant. With n(b) values in bin b of width w(b), n(c) and w(c) those of
  /// code c, M of N values within the threshold and n' with the outliers added to the last bin:
  ///
  ///     sum over b of n'(b) (ln n'(b) - ln w(b))  -  sum over c of n'(c) (ln n(c) - ln w(c))  +  N ln M
  class Cost {
   public:
    explicit Cost(Bins const& bins) : bins_{bins}, sums_(bins.edges.size() + 1) {
      for (std::size_t i = 0; i < bins.edges.size(); ++i) {
        Sums const& s = sums_[i];
        sums_[i + 1] = {s.count + bins.counts[i], s.width + bins.widths[i],
                        s.log + term(bins.counts[i], bins.widths[i])};
      }
    }
    [[nodiscard]] double outside(std::size_t top, double /*largest*/) const {
      double const last = bins_.counts[top] + outliers(top);
      return sums_[top].log + term(last, bins_.widths[top]) +
             sums_.back().count * detail::natural_log(sums_[top + 1].count);
    }
    [[nodiscard]] double cell(std::size_t begin, std::size_t end, std::size_t top,
                              double /*value*/) const {
      double const count = sums_[end].count - sums_[begin].count;
      double const width = sums_[end].width - sums_[begin].width;
      double const all = end == top + 1 ? count + outliers(top) : count;
      return -all * detail::natural_log(count / width);
    }

   private:
    struct Sums {
      double count = 0.0;
      double width = 0.0;
      double log = 0.0;
    };
    static double term(double count, double width) {
      return count * detail::natural_log(count / width);
    }
    [[nodiscard]] double outliers(std::size_t top) const {
      return sums_.back().count - sums_[top + 1].count;
    }

    Bins const& bins_;
    std::vector<Sums> sums_;
  };
};

/// The range of the least loss of information in F.
template <ListedFormat F>
using Entropy = HistogramObserver<EntropyChoice<F>>;

}  // namespace qfmt
