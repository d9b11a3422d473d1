// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <cmath>
#include <doctest/doctest.h>
#include <vector>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/threshold_search.hpp>

using namespace qfmt;

namespace {

template <ListedFormat F>
std::vector<float> magnitudes_of() {
  constexpr auto m = magnitudes<F>();
  return {m.values.begin(), m.values.begin() + static_cast<std::ptrdiff_t>(m.count)};
}

Histogram histogram_of(std::vector<float> const& values) {
  Histogram histogram;
  histogram.observe(values);
  return histogram;
}

/// Costs nothing anywhere.
struct Free {
  static double cell(std::size_t, std::size_t, std::size_t, double) { return 0.0; }
  static double outside(std::size_t, double) { return 0.0; }
};

/// How far the threshold is from `wanted`.
struct Near {
  Bins const& bins;
  double wanted;
  static double cell(std::size_t, std::size_t, std::size_t, double) { return 0.0; }
  [[nodiscard]] double outside(std::size_t top, double) const {
    return std::fabs(bins.edges[top] - wanted);
  }
};

/// The largest distance of an edge from its value: what nearest rounding makes smallest.
struct Distance {
  Bins const& bins;
  double& largest;
  [[nodiscard]] double cell(std::size_t begin, std::size_t end, std::size_t, double value) const {
    for (std::size_t i = begin; i < end; ++i)
      largest = std::fmax(largest, std::fabs(bins.edges[i] - value));
    return 0.0;
  }
  static double outside(std::size_t, double) { return 0.0; }
};

}  // namespace

TEST_CASE("threshold_search: the magnitudes of a format") {
  CHECK(magnitudes_of<E2M1>() == std::vector<float>{0, .5f, 1, 1.5f, 2, 3, 4, 6});
  CHECK(magnitudes_of<INT4>() == std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(magnitudes_of<INT2>() == std::vector<float>{0, 1});
  CHECK(magnitudes_of<E4M3>().size() == 127);
  CHECK(magnitudes_of<E4M3>().back() == 448.0f);
  CHECK(magnitudes_of<E5M2>().back() == 57344.0f);  // not infinity
}

TEST_CASE("threshold_search: the bins, without zero") {
  Bins const bins{histogram_of({0.0f, 0.0f, -1.0f, 1.0f, 3.0f})};
  CHECK(bins.edges == std::vector<double>{1.0, 3.0});
  CHECK(bins.counts == std::vector<double>{2.0, 1.0});
  CHECK(bins.widths == std::vector<double>{0x1p-11, 0x1p-9});
}

TEST_CASE("threshold_search: the least cost, the largest of equals, at least half of the values") {
  Bins const bins{histogram_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 10})};
  CHECK(cheapest_threshold<INT8>(bins, Free{}) == 10.0f);
  CHECK(cheapest_threshold<INT8>(bins, Near{bins, 6.9}) == 7.0f);
  CHECK(cheapest_threshold<INT8>(bins, Near{bins, 0.0}) == 5.0f);
  Bins const one{histogram_of({3.0f})};
  CHECK(cheapest_threshold<INT8>(one, Near{one, 0.0}) == 3.0f);
}

TEST_CASE("threshold_search: every bin goes to the nearest code") {
  std::vector<float> values;
  for (int i = 1; i <= 6000; ++i) values.push_back(static_cast<float>(i) / 1000.0f);
  Bins const bins{histogram_of(values)};
  double largest = 0.0;
  CHECK(cheapest_threshold<E2M1>(bins, Distance{bins, largest}) == 6.0f);
  CHECK(largest <= 1.0);  // half of the widest step, from 4 to 6, at the scale 1
  CHECK(largest > 0.99);
}
