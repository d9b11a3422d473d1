// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <cmath>
#include <doctest/doctest.h>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/observers/percentile.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// The magnitude at place ceil(n * share), from 1, of the sorted ones.
float sorted_at(std::vector<float> values, int numerator, int denominator) {
  for (float& x : values) x = std::fabs(x);
  std::sort(values.begin(), values.end());
  std::size_t const n = values.size() * static_cast<std::size_t>(numerator);
  auto const d = static_cast<std::size_t>(denominator);
  return values[(n + d - 1) / d - 1];
}

template <class O>
float threshold(std::vector<float> const& values) {
  O observer;
  observer.observe(values);
  return observer.range().amax();
}

template <Real T>
std::vector<float> heavy_tailed(int n, std::uint64_t seed) {
  Samples samples{seed};
  std::vector<float> values;
  for (int i = 0; i < n; ++i) {
    float const x = samples.normal();
    values.push_back(i % 7 == 0 ? 0.0f : round_to<T>(x * x * x));
  }
  return values;
}

}  // namespace

TEST_CASE_TEMPLATE("percentile: the sorted values say the same, bit for bit", T, Code<BF16>,
                   Code<FP16>) {
  for (int const n : {1, 2, 3, 99, 100, 101, 1000, 30000}) {
    auto const values = heavy_tailed<T>(n, static_cast<std::uint64_t>(n));
    CHECK(threshold<Percentile<>>(values) == sorted_at(values, 9999, 10000));
    CHECK(threshold<Percentile<99, 100>>(values) == sorted_at(values, 99, 100));
    CHECK(threshold<Percentile<1, 2>>(values) == sorted_at(values, 1, 2));
    CHECK(threshold<Percentile<1, 1>>(values) == sorted_at(values, 1, 1));
  }
}

TEST_CASE("percentile: in binary32 never too small, and too large by less than 2^-10") {
  for (int const n : {1, 100, 10000, 1000000}) {
    auto const values = heavy_tailed<float>(n, 7);
    float const exact = sorted_at(values, 999, 1000);
    float const found = threshold<Percentile<999, 1000>>(values);
    CHECK(found >= exact);
    CHECK(found - exact <= exact * 0x1p-10f);
    CHECK(threshold<Percentile<1, 1>>(values) == sorted_at(values, 1, 1));  // no edge: the value
  }
}

TEST_CASE("percentile: one outlier among many is left out; one side may be short") {
  Percentile<99, 100> observer;
  observer.observe(std::vector<float>(500, 2.0f));
  observer.observe(std::vector<float>(499, -0.5f));
  observer.observe(std::array{1000.0f});
  CHECK(observer.range().min == -0.5f);
  CHECK(observer.range().max == 2.0f);
}

TEST_CASE("percentile: mostly zeros") {
  Percentile<9, 10> observer;
  observer.observe(std::vector<float>(95, 0.0f));
  observer.observe(std::vector<float>(5, 3.0f));
  CHECK(observer.range().max == 0.0f);
  CHECK(observer.range().is_finite());
}

TEST_CASE("percentile: counts beyond 2^32") {
  Percentile<2, 3> observer;
  observer.observe(std::array{1.0f, 2.0f, 4.0f});
  for (int i = 0; i < 61; ++i) observer.merge(observer);
  CHECK(observer.histogram().nonzeros() == 3ull << 61);
  CHECK(observer.range().max == 2.0f);
}
