// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/absmax.hpp>
#include <qfmt/observers/entropy.hpp>
#include <qfmt/observers/histogram_mse.hpp>
#include <qfmt/observers/moving_average.hpp>
#include <qfmt/observers/percentile.hpp>

// The same batches through every observer: the table in docs/reference/observers.md.

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// 16 batches of 2^14 values with exponential tails; one value in 10000 is twenty times as large.
std::vector<std::vector<float>> const& batches() {
  static std::vector<std::vector<float>> const all = [] {
    std::vector<std::vector<float>> made(16);
    Samples samples{101};
    int count = 0;
    for (auto& batch : made) {
      for (int i = 0; i < 1 << 14; ++i) {
        double x = -std::log(1.0 - samples.uniform());
        if (count++ % 10000 == 0)
          x *= 20;
        batch.push_back(static_cast<float>(samples.integer(0, 1) == 0 ? x : -x));
      }
    }
    return made;
  }();
  return all;
}

struct Chosen {
  double threshold;
  double sqnr_db;
};

/// The threshold that an observer chooses, and what a symmetric scale for it does to the values.
template <class O, ElementFormat F>
Chosen chosen() {
  O observer;
  for (auto const& batch : batches()) {
    observer.observe(batch);
    if constexpr (BatchObserver<O>)
      observer.end_batch();
  }
  float const threshold = observer.range().amax();
  float const scale = threshold / half_range<F>();
  double signal = 0.0;
  double noise = 0.0;
  for (auto const& batch : batches()) {
    for (float const x : batch) {
      double const error = static_cast<double>(decode(encode<F>(x / scale)) * scale - x);
      signal += static_cast<double>(x) * static_cast<double>(x);
      noise += error * error;
    }
  }
  return {static_cast<double>(threshold), 10 * std::log10(signal / noise)};
}

template <class O, ElementFormat F>
void check(double threshold, double sqnr_db) {
  Chosen const found = chosen<O, F>();
  INFO(O::name << " for " << F::name);
  CHECK(found.threshold == doctest::Approx(threshold).epsilon(0.002));
  CHECK(std::fabs(found.sqnr_db - sqnr_db) < 0.02);
}

}  // namespace

TEST_CASE("comparison of observers: INT8") {
  check<AbsMax, INT8>(44.23, 23.13);
  check<MovingAverage<>, INT8>(22.22, 23.18);
  check<Percentile<999, 1000>, INT8>(6.95, 18.05);
  check<Percentile<>, INT8>(9.77, 19.16);
  check<Entropy<INT8>, INT8>(9.77, 19.16);
  check<HistogramMse<INT8>, INT8>(31.94, 24.71);
}

TEST_CASE("comparison of observers: INT4") {
  check<AbsMax, INT4>(44.23, 1.70);
  check<MovingAverage<>, INT4>(22.22, 5.43);
  check<Percentile<999, 1000>, INT4>(6.95, 13.03);
  check<Percentile<>, INT4>(9.77, 11.10);
  check<Entropy<INT4>, INT4>(6.47, 13.33);
  check<HistogramMse<INT4>, INT4>(5.31, 13.81);
}

TEST_CASE("comparison of observers: E4M3, whose error is relative") {
  check<AbsMax, E4M3>(44.23, 31.55);
  check<MovingAverage<>, E4M3>(22.22, 23.73);
  check<Percentile<999, 1000>, E4M3>(6.95, 17.91);
  check<Percentile<>, E4M3>(9.77, 19.01);
  check<Entropy<E4M3>, E4M3>(29.83, 27.25);
  check<HistogramMse<E4M3>, E4M3>(44.23, 31.55);
}

TEST_CASE(
    "comparison of observers: no choice beats that of the least squared error in its format") {
  double const best = chosen<HistogramMse<INT8>, INT8>().sqnr_db;
  CHECK(best >= chosen<AbsMax, INT8>().sqnr_db);
  CHECK(best >= chosen<Percentile<>, INT8>().sqnr_db);
  CHECK(best >= chosen<Entropy<INT8>, INT8>().sqnr_db);
}
