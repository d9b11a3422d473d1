// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <support/bits.hpp>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/observers/ordered_sum.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <std::size_t Fold>
float sum_of(std::vector<float> const& values) {
  return ordered_sum<Fold>(values.size(), [&]<std::size_t N>(std::size_t first) {
    std::array<float, N> terms{};
    for (std::size_t i = 0; i < N; ++i) terms[i] = values[first + i];
    return terms;
  });
}

/// 1 in the one place, a third of its last bit in all others: how many of those are added before
/// they meet the 1 shows in the result.
std::vector<float> spike(std::size_t size, std::size_t place) {
  std::vector<float> values(size, 0x1p-25f);
  values[place] = 1.0f;
  return values;
}

}  // namespace

TEST_CASE("ordered_sum: exact for integers, of any count") {
  for (std::size_t n = 0; n < 300; ++n) {
    std::vector<float> values;
    for (std::size_t i = 1; i <= n; ++i) values.push_back(static_cast<float>(i));
    CHECK(sum_of<1>(values) == static_cast<float>(n * (n + 1) / 2));
    CHECK(sum_of<2>(values) == static_cast<float>(n * (n + 1) / 2));
  }
  CHECK(sum_of<1>(std::vector<float>(100000, 1.0f)) == 100000.0f);
}

TEST_CASE("ordered_sum: every term is asked for once, in rising order") {
  std::vector<std::size_t> asked;
  (void)ordered_sum<2>(1003, [&]<std::size_t N>(std::size_t first) {
    for (std::size_t i = 0; i < N; ++i) asked.push_back(first + i);
    return std::array<float, N>{};
  });
  REQUIRE(asked.size() == 1003);
  for (std::size_t i = 0; i < asked.size(); ++i) CHECK(asked[i] == i);
}

TEST_CASE("ordered_sum: the order") {
  // Four terms are four sums, which meet in turn; a fifth joins the first before that.
  CHECK(sum_of<1>({1.0f, 0x1p-24f, 0x1p-24f, 0x1p-24f}) == 1.0f);
  CHECK(sum_of<1>({0x1p-24f, 0x1p-24f, 1.0f, 0.0f}) == 1.0f + 0x1p-23f);
  CHECK(sum_of<1>({0x1p-24f, 1.0f, 0.0f, 0.0f, 0x1p-24f}) == 1.0f + 0x1p-23f);
  // Sixteen terms: two rows of eight, in two of the four sums; lanes meet last, from the first on.
  std::vector<float> values(16, 0.0f);
  values[7] = 1.0f;
  values[0] = values[8] = 0x1p-24f;  // lane 0 holds 2^-23 when lane 7 comes
  CHECK(sum_of<1>(values) == 1.0f + 0x1p-23f);
  values[0] = 0.0f;
  values[15] = 0x1p-24f;  // lane 7: rounds to 1 in the lane
  CHECK(sum_of<1>(values) == 1.0f);
  // What is left over comes before the lanes.
  values.assign(9, 0.0f);
  values[8] = 1.0f;
  values[0] = values[1] = 0x1p-24f;
  CHECK(sum_of<1>(values) == 1.0f);
  // With Fold = 2 nine terms are fewer than are taken at once, and go one at a time: 0, 4, 8 first.
  values[8] = 0x1p-24f;
  values[0] = 0x1p-24f;
  values[1] = 1.0f;
  CHECK(sum_of<2>(values) == 1.0f + 0x1p-23f);
}

TEST_CASE("ordered_sum: small terms are not lost one by one") {
  // Added one after the other, all of them would vanish beside the 1.
  for (std::size_t const place : {std::size_t{0}, std::size_t{77777}, std::size_t{199999}}) {
    float const sum = sum_of<1>(spike(200000, place));
    CHECK(std::fabs(sum - (1.0f + 199999 * 0x1p-25f)) < 0x1p-15f);
  }
  Samples samples{62};
  std::vector<float> values;
  double exact = 0.0;
  for (int i = 0; i < 300000; ++i) {
    values.push_back(static_cast<float>(samples.uniform()));
    exact += static_cast<double>(values.back());
  }
  CHECK(std::fabs(static_cast<double>(sum_of<1>(values)) - exact) < exact * 1e-6);
  CHECK(std::fabs(static_cast<double>(sum_of<2>(values)) - exact) < exact * 1e-6);
}
