// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <doctest/doctest.h>
#include <limits>
#include <support/bits.hpp>
#include <support/samples.hpp>
#include <utility>
#include <vector>

#include <qfmt/observers/histogram.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

std::vector<std::pair<float, uint64_t>> bins_of(Histogram const& histogram) {
  std::vector<std::pair<float, uint64_t>> bins;
  histogram.for_each_bin(
      [&](uint32_t key, uint64_t count) { bins.emplace_back(Histogram::edge(key), count); });
  return bins;
}

using Bins = std::vector<std::pair<float, uint64_t>>;

}  // namespace

TEST_CASE("histogram: counts of magnitudes, ascending") {
  Histogram histogram;
  histogram.observe(std::array{-2.0f, 0.5f, 2.0f, 0.0f, -0.0f, 0x1p-149f});
  histogram.observe(std::array{0.5f, -1e10f});
  Bins const bins = bins_of(histogram);
  REQUIRE(bins.size() == 4);
  CHECK(bins[1] == Bins::value_type{0.5f, 2});
  CHECK(bins[2] == Bins::value_type{2.0f, 2});
  CHECK(histogram.zeros() == 2);
  CHECK(histogram.nonzeros() == 6);
  CHECK(histogram.extremes().min == -1e10f);
  CHECK(histogram.extremes().max == 2.0f);
}

TEST_CASE("histogram: a bin holds what lies between two edges, the upper one included") {
  Samples samples{71};
  for (int i = 0; i < 200000; ++i) {
    float const x = i < 100000 ? samples.any_finite() : samples.normal();
    uint32_t const key = Histogram::key(x);
    REQUIRE(magnitude_bits(x) <= bits_of(Histogram::edge(key)));
    REQUIRE((key == 0 || magnitude_bits(x) > bits_of(Histogram::edge(key - 1))));
    float const magnitude = bit_cast<float>(magnitude_bits(x));
    if (magnitude >= 0x1p-126f)  // a normal number: the edge is near
      REQUIRE(Histogram::edge(key) - magnitude < magnitude * 0x1p-10f);
  }
}

TEST_CASE("histogram: numbers of BF16 and FP16 are edges") {
  for (uint32_t bits = 0; bits < 0x8000u; ++bits) {
    float const bf16 = to_float(code<BF16>(bits));
    float const fp16 = to_float(code<FP16>(bits));
    if (is_finite(bf16))
      REQUIRE(bits_of(Histogram::edge(Histogram::key(bf16))) == bits_of(bf16));
    if (is_finite(fp16))
      REQUIRE(bits_of(Histogram::edge(Histogram::key(-fp16))) == bits_of(fp16));
  }
}

TEST_CASE("histogram: the largest number has a bin, infinity and NaN have none") {
  float const largest = std::numeric_limits<float>::max();
  Histogram histogram;
  histogram.observe(std::array{largest, -std::numeric_limits<float>::infinity(),
                               std::numeric_limits<float>::quiet_NaN()});
  CHECK(bins_of(histogram) == Bins{{largest, 1}});
  CHECK(histogram.nonzeros() == 1);
  CHECK_FALSE(histogram.extremes().is_finite());
}

TEST_CASE("histogram: merging adds, into itself too") {
  Histogram a;
  a.observe(std::array{1.0f, 3.0f});
  Histogram b;
  b.observe(std::array{3.0f, 1e-20f, 0.0f});
  a.merge(b);
  CHECK(bins_of(a)[2] == Bins::value_type{3.0f, 2});
  a.merge(a);
  CHECK(bins_of(a)[2] == Bins::value_type{3.0f, 4});
  CHECK(a.nonzeros() == 8);
  CHECK(a.zeros() == 2);
}

namespace {
struct AtMostOne {
  static constexpr char const* name = "at_most_one";
  static float threshold(Histogram const& /*histogram*/) { return 1.0f; }
};
}  // namespace

TEST_CASE("histogram: a range is the threshold on both sides, within what was seen") {
  HistogramObserver<AtMostOne> observer;
  CHECK(observer.range().max == 0.0f);
  observer.observe(std::array{-0.25f, 0.5f, 1.0f, 7.0f});
  CHECK(observer.range().min == -0.25f);
  CHECK(observer.range().max == 1.0f);
  observer.observe(std::array{-9.0f});
  CHECK(observer.range().min == -1.0f);
  HistogramObserver<AtMostOne> zeros;  // the choice is not asked
  zeros.observe(std::array{0.0f, 0.0f});
  CHECK(zeros.range().max == 0.0f);
}
