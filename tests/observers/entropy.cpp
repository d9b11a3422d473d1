// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/entropy.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

std::vector<float> normal(int n) {
  Samples source{91};
  std::vector<float> values;
  for (int i = 0; i < n; ++i) values.push_back(source.normal());
  return values;
}

/// Both tails exponential; one value in 10000 is twenty times as large.
std::vector<float> with_outliers(int n) {
  Samples source{92};
  std::vector<float> values;
  for (int i = 0; i < n; ++i) {
    double const x = -std::log(1.0 - source.uniform()) * (i % 2 == 0 ? 1.0 : -1.0);
    values.push_back(static_cast<float>(i % 10000 == 0 ? 20.0 * x : x));
  }
  return values;
}

template <class O>
float threshold(std::vector<float> const& values) {
  O observer;
  observer.observe(values);
  return observer.range().amax();
}

/// KL(P || Q) as it is defined, bin by bin.
template <ListedFormat F>
double divergence(Bins const& bins, std::size_t top) {
  double const scale = bins.edges[top] / static_cast<double>(half_range<F>());
  std::size_t const n = top + 1;
  std::vector<double> p(bins.counts.begin(), bins.counts.begin() + static_cast<std::ptrdiff_t>(n));
  double all = 0.0;
  for (double const count : bins.counts) all += count;
  double inside = 0.0;
  for (double const count : p) inside += count;
  std::vector<uint32_t> codes;
  for (std::size_t i = 0; i < n; ++i)
    codes.push_back(encode<F>(static_cast<float>(bins.edges[i] / scale)).bits);
  p.back() += all - inside;
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    double count = 0.0;
    double width = 0.0;
    for (std::size_t k = 0; k < n; ++k) {
      if (codes[k] == codes[i]) {
        count += bins.counts[k];
        width += bins.widths[k];
      }
    }
    double const q = count / inside * bins.widths[i] / width;
    sum += p[i] / all * std::log(p[i] / all / q);
  }
  return sum;
}

/// The classic: 2048 bins of equal width, 128 codes of equal width, bin 0 as bin 1.
double classic(std::vector<float> const& values) {
  int const size = 2048;
  int const levels = 128;
  double largest = 0.0;
  for (float const x : values) largest = std::max(largest, std::fabs(static_cast<double>(x)));
  std::vector<double> counts(static_cast<std::size_t>(size));
  for (float const x : values) {
    int const bin = static_cast<int>(std::fabs(static_cast<double>(x)) / largest * size);
    counts[static_cast<std::size_t>(std::min(bin, size - 1))] += 1.0;
  }
  counts[0] = counts[1];
  double all = 0.0;
  for (double const count : counts) all += count;
  double best = std::numeric_limits<double>::infinity();
  double threshold = 0.0;
  for (int n = levels; n <= size; ++n) {
    double sums[levels] = {};
    double bins[levels] = {};
    double inside = 0.0;
    for (int i = 0; i < n; ++i) {
      double const count = counts[static_cast<std::size_t>(i)];
      sums[i * levels / n] += count;
      bins[i * levels / n] += count > 0.0 ? 1.0 : 0.0;
      inside += count;
    }
    double divergence = 0.0;
    for (int i = 0; i < n; ++i) {
      double p = counts[static_cast<std::size_t>(i)];
      double const q = p > 0.0 ? sums[i * levels / n] / bins[i * levels / n] / inside : 0.0;
      if (i == n - 1)
        p += all - inside;
      if (p > 0.0)
        divergence += p / all * std::log(p / all / q);
    }
    if (divergence < best) {
      best = divergence;
      threshold = largest * n / size;
    }
  }
  return threshold;
}

}  // namespace

TEST_CASE("entropy: the logarithm") {
  Samples source{93};
  for (int i = 0; i < 100000; ++i) {
    double const x = std::ldexp(1.0 + source.uniform(), source.integer(-200, 200));
    double const expected = std::log(x);
    REQUIRE(std::fabs(detail::natural_log(x) - expected) <=
            4.0 * 0x1p-53 * std::max(std::fabs(expected), 0x1p-10));
  }
  CHECK(detail::natural_log(1.0) == 0.0);
}

TEST_CASE_TEMPLATE("entropy: the divergence as defined is least there", F, INT8, INT4, E2M1) {
  auto const values = with_outliers(3000);
  Histogram histogram;
  histogram.observe(values);
  Bins const bins{histogram};
  double best = std::numeric_limits<double>::infinity();
  double at_threshold = 0.0;
  auto const chosen = static_cast<double>(threshold<Entropy<F>>(values));
  double outside = 0.0;
  for (std::size_t top = bins.edges.size(); top-- > 0 && outside <= 1500.0;) {
    if (top % 8 == 0 || bins.edges[top] == chosen) {  // a part of them: this is slow
      double const found = divergence<F>(bins, top);
      best = std::min(best, found);
      if (bins.edges[top] == chosen)
        at_threshold = found;
    }
    outside += bins.counts[top];
  }
  CHECK(at_threshold > 0.0);
  CHECK(at_threshold <= best * (1.0 + 1e-9));
}

TEST_CASE("entropy: where the classic of 2048 equal bins puts it") {
  CHECK(static_cast<double>(threshold<Entropy<INT8>>(normal(300000))) ==
        doctest::Approx(classic(normal(300000))).epsilon(0.15));
  CHECK(static_cast<double>(threshold<Entropy<INT8>>(with_outliers(300000))) ==
        doctest::Approx(classic(with_outliers(300000))).epsilon(0.25));
}

TEST_CASE("entropy: outliers are clipped, zeros do not count") {
  auto values = normal(100000);
  float const without = threshold<Entropy<INT8>>(values);
  values.insert(values.end(), 1000000, 0.0f);
  CHECK(threshold<Entropy<INT8>>(values) == without);
  values.push_back(1000.0f);
  CHECK(threshold<Entropy<INT8>>(values) < 8.0f);
}
