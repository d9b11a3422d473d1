// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/histogram_mse.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// Magnitudes, of a normal distribution or of its third power.
template <Real T>
std::vector<float> samples(int n, bool heavy) {
  Samples source{81};
  std::vector<float> values;
  for (int i = 0; i < n; ++i) {
    float const x = std::fabs(source.normal());
    values.push_back(round_to<T>(heavy ? x * x * x : x));
  }
  return values;
}

template <ListedFormat F>
double squared_error(std::vector<float> const& values, float threshold) {
  float const scale = threshold / half_range<F>();
  double sum = 0.0;
  for (float const x : values) {
    double const error = static_cast<double>(decode(encode<F>(x / scale)) * scale - x);
    sum += error * error;
  }
  return sum;
}

/// What the observer chooses, compared with what trying every value shows: the excess of its error.
template <ListedFormat F>
double excess(std::vector<float> const& values) {
  HistogramMse<F> observer;
  observer.observe(values);
  double best = std::numeric_limits<double>::infinity();
  std::vector<float> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  for (float const threshold : sorted) {
    if (threshold > 0.5f)
      best = std::min(best, squared_error<F>(values, threshold));
  }
  return squared_error<F>(values, observer.range().amax()) / best - 1.0;
}

}  // namespace

TEST_CASE_TEMPLATE("histogram_mse: no value tried by brute force is better", F, INT8, INT4, E2M1,
                   E4M3) {
  for (bool const heavy : {false, true}) {
    // Of BF16 the histogram knows every value; only the scale and the product are rounded.
    CHECK(excess<F>(samples<Code<BF16>>(3000, heavy)) < 1e-4);
    // Of binary32 it knows values to 2^-10: a little of the flat bottom may be missed.
    CHECK(excess<F>(samples<float>(1000, heavy)) < 1e-2);
  }
}

TEST_CASE("histogram_mse: an outlier is clipped in a narrow format and kept in a wide one") {
  std::vector<float> values = samples<float>(100000, false);
  values.push_back(20.0f);
  HistogramMse<INT4> narrow;
  narrow.observe(values);
  CHECK(narrow.range().max < 4.0f);
  HistogramMse<E4M3> wide;  // its relative error does not grow with the range
  wide.observe(values);
  CHECK(wide.range().max > 4.0f);
}

TEST_CASE("histogram_mse: huge and tiny values") {
  for (float const size : {0x1p-130f, 0x1p120f}) {
    HistogramMse<INT4> observer;
    for (float x : samples<float>(10000, false)) {
      x *= size;
      observer.observe({&x, 1});
    }
    CHECK(observer.range().max / size > 2.0f);
    CHECK(observer.range().max / size < 3.2f);
  }
}
