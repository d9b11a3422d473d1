// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <support/bits.hpp>
#include <support/samples.hpp>

#include <qfmt/observers/power.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("power: nearest to the power in long double, but for one in a hundred thousand") {
  Samples samples{61};
  int const count = 100000;
  int not_nearest = 0;
  for (float const exponent : {2.4f, 2.40625f, 0.5f, 1.7f, 3.0f}) {
    for (int i = 0; i < count; ++i) {
      float const x = std::fabs(samples.any_finite());
      auto const exact = std::pow(static_cast<long double>(x), static_cast<long double>(exponent));
      auto const nearest = static_cast<float>(exact);
      float const found = power(x, exponent);
      if (test::bits_of(found) == test::bits_of(nearest))
        continue;
      ++not_nearest;
      // Then it is the neighbour: bits of positive floats are in order.
      auto const off = static_cast<std::int64_t>(test::bits_of(found)) - test::bits_of(nearest);
      CHECK_MESSAGE((off == 1 || off == -1), x, "^", exponent);
    }
  }
  CHECK(not_nearest < 5 * count / 100000 + 5);
}

TEST_CASE("power: exact cases, and the ends of the range") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float largest = std::numeric_limits<float>::max();
  CHECK(power(1.0f, 2.4f) == 1.0f);
  CHECK(power(0x1p-149f, 1.0f) == 0x1p-149f);
  CHECK(power(largest, 1.0f) == largest);
  CHECK(power(1024.0f, 2.5f) == 0x1p25f);
  CHECK(power(0.0f, 2.4f) == 0.0f);
  CHECK(power(0x1p-100f, 2.4f) == 0.0f);
  CHECK(power(0x1p-60f, 2.4f) == static_cast<float>(std::pow(0x1p-60, 2.4000000953674316)));
  CHECK(power(largest, 2.4f) == infinity);
  CHECK(power(largest, 16.0f) == infinity);
  CHECK(power(0x1p-149f, 16.0f) == 0.0f);
  CHECK(power(infinity, 2.4f) == infinity);
  CHECK(is_nan(power(std::numeric_limits<float>::quiet_NaN(), 2.4f)));
}

TEST_CASE("power: several at once are the same as one by one, also in constant expressions") {
  constexpr std::array x{0.0f, 0.3f, 1.0f, 2.0f, 1e30f, 1e-30f, 7.5f, 0.1f};
  constexpr auto all = power(x, 2.4f);
  auto const at_run_time = power(x, 2.4f);
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(test::bits_of(all[i]) == test::bits_of(power(x[i], 2.4f)));
    CHECK(test::bits_of(all[i]) == test::bits_of(at_run_time[i]));
  }
}
