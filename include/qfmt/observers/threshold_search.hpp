// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include <qfmt/observers/histogram.hpp>
#include <qfmt/scaling/profile.hpp>

namespace qfmt {

/// A format whose codes are few enough to be listed.
template <class F>
concept ListedFormat = ElementFormat<F> && F::bits <= 8;

/// The values of F that are not negative, ascending, 0 among them.
template <ListedFormat F>
struct Magnitudes {
  std::array<float, std::size_t{1} << F::bits> values{};
  std::size_t count = 0;
};

template <ListedFormat F>
[[nodiscard]] constexpr Magnitudes<F> magnitudes() noexcept {
  Magnitudes<F> m;
  for (uint32_t bits = 0; bits < 1u << F::bits; ++bits) {
    float const x = decode(Code<F>{static_cast<typename F::storage_type>(bits)});
    if (is_finite(x) && x >= 0.0f)
      m.values[m.count++] = x;
  }
  auto const end = m.values.begin() + static_cast<std::ptrdiff_t>(m.count);
  std::sort(m.values.begin(), end);
  m.count = static_cast<std::size_t>(std::unique(m.values.begin(), end) - m.values.begin());
  return m;
}

/// The bins of a histogram that are not empty, zero left out: it is exact under every threshold.
struct Bins {
  std::vector<double> edges;   // ascending
  std::vector<double> widths;  // edge(key) - edge(key - 1)
  std::vector<double> counts;

  explicit Bins(Histogram const& histogram) {
    histogram.for_each_bin([&](uint32_t key, uint64_t count) {
      double const edge = static_cast<double>(Histogram::edge(key));
      edges.push_back(edge);
      widths.push_back(edge - static_cast<double>(Histogram::edge(key - 1)));
      counts.push_back(static_cast<double>(count));
    });
  }
};

/// Tries as threshold a every edge that holds at least half of the values, scale = a / half_range(F),
/// and returns the one of least cost, of equal ones the largest. Under a scale each bin belongs to
/// the code that its edge is rounded to:
///
///     cost = cost.outside(top, value of the largest code)
///          + sum over the codes of cost.cell(begin, end, top, value of the code)
///
/// where bin number `top` ends at the threshold and the bins [begin, end) belong to the code.
template <ListedFormat F, class Cost>
[[nodiscard]] float cheapest_threshold(Bins const& bins, Cost const& cost) {
  static constexpr Magnitudes<F> codes = magnitudes<F>();
  double all = 0.0;
  for (double const count : bins.counts) all += count;
  double best_cost = (std::numeric_limits<double>::max)();
  double best = bins.edges.back();
  double held = all;
  for (std::size_t top = bins.edges.size(); top-- > 0 && held >= all / 2;) {
    double const scale = bins.edges[top] / static_cast<double>(half_range<F>());
    auto const value = [&](std::size_t k) { return static_cast<double>(codes.values[k]) * scale; };
    double sum = cost.outside(top, value(codes.count - 1));
    auto const begin = bins.edges.begin();
    auto const end = begin + static_cast<std::ptrdiff_t>(top) + 1;
    auto at = begin;
    for (std::size_t k = 0; k < codes.count && at != end; ++k) {
      bool const last = k + 1 == codes.count;
      auto const next = last ? end : std::upper_bound(at, end, (value(k) + value(k + 1)) / 2);
      if (next != at) {
        sum += cost.cell(static_cast<std::size_t>(at - begin),
                         static_cast<std::size_t>(next - begin), top, value(k));
      }
      at = next;
    }
    if (sum < best_cost) {
      best_cost = sum;
      best = bins.edges[top];
    }
    held -= bins.counts[top];
  }
  return static_cast<float>(best);
}

}  // namespace qfmt
