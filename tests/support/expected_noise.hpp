// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

// What rounding to a list of levels costs, from the distribution of the numbers alone: integrals in
// closed form. Nothing of the library is used.

namespace qfmt::test {

/// The integrals of f, x f and x^2 f from -infinity to x, f being a density.
struct Moments {
  double mass = 0.0, first = 0.0, second = 0.0;

  friend Moments operator-(Moments a, Moments b) {
    return {a.mass - b.mass, a.first - b.first, a.second - b.second};
  }
};

/// Of N(0, 1).
inline Moments normal_moments(double x) {
  double const density = std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
  double const below = std::erfc(-x / std::numbers::sqrt2) / 2;
  return {below, -density, below - x * density};
}

/// Of Student's t with four degrees of freedom, variance 2: its tails fall like x^-5, so the fourth
/// moment is infinite. With s = x / sqrt(4 + x^2) the integrals are polynomials of s.
inline Moments student4_moments(double x) {
  double const s = x / std::sqrt(4 + x * x);
  double const c2 = 1 - s * s;
  return {0.5 + 0.75 * (s - s * s * s / 3), -0.5 * c2 * std::sqrt(c2), 1 + s * s * s};
}

/// The expected square of a number, and of its error.
struct Expected {
  double signal = 0.0, noise = 0.0;

  void add(Expected other, double times = 1.0) {
    signal += times * other.signal;
    noise += times * other.noise;
  }
  [[nodiscard]] double sqnr_db() const { return 10 * std::log10(signal / noise); }
};

/// A number x that is known, rounded to the nearest of scale * levels (ascending).
inline Expected of_known(double x, std::span<double const> levels, double scale) {
  auto const above = std::lower_bound(levels.begin(), levels.end(), x / scale);
  double nearest = above == levels.end() ? levels.back() : *above;
  if (above != levels.begin() && std::fabs(above[-1] - x / scale) < std::fabs(nearest - x / scale))
    nearest = above[-1];
  return {x * x, (x - scale * nearest) * (x - scale * nearest)};
}

/// A number from the distribution, given that it lies in (low, high).
inline Expected of_interval(Moments (*moments)(double), double low, double high,
                            std::span<double const> levels, double scale) {
  Moments const start = moments(low);
  Moments const all = moments(high) - start;
  if (all.mass <= 0)
    return {};
  Expected sum{all.second, 0.0};
  Moments before = start;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    double const q = scale * levels[i];
    bool const is_last = i + 1 == levels.size();
    double const end =
        is_last ? high : std::clamp(scale * (levels[i] + levels[i + 1]) / 2, low, high);
    if (end <= low)
      continue;
    Moments const after = moments(end);
    Moments const cell = after - before;
    sum.noise += cell.second - 2 * q * cell.first + q * q * cell.mass;
    before = after;
    if (end >= high)
      break;
  }
  return {sum.signal / all.mass, sum.noise / all.mass};
}

}  // namespace qfmt::test
