// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <initializer_list>
#include <limits>
#include <support/bits.hpp>

#include <qfmt/scaling/range.hpp>

using namespace qfmt;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float quiet = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("amax is the larger magnitude, NaN above all") {
  static_assert(Range{}.amax() == 0.0f);
  CHECK(Range{-3.0f, 2.0f}.amax() == 3.0f);
  CHECK(Range{1.0f, 2.0f}.amax() == 2.0f);
  CHECK(Range{-5.0f, -2.0f}.amax() == 5.0f);
  CHECK(Range{-0x1p-149f, 0.0f}.amax() == 0x1p-149f);
  CHECK(Range{-inf, 1.0f}.amax() == inf);
  CHECK(test::bits_of(Range{-0.0f, -0.0f}.amax()) == 0u);
  for (Range const r :
       {Range{quiet, 1.0f}, Range{1.0f, quiet}, Range{-quiet, inf}, Range{-inf, -quiet}})
    CHECK(is_nan(r.amax()));
}

TEST_CASE("a range is finite if both of its ends are") {
  CHECK(Range{-std::numeric_limits<float>::max(), std::numeric_limits<float>::max()}.is_finite());
  for (Range const r :
       {Range{-inf, 0.0f}, Range{0.0f, inf}, Range{quiet, 0.0f}, Range{0.0f, -quiet}})
    CHECK_FALSE(r.is_finite());
}

TEST_CASE("with_zero widens a range to hold zero, and changes no other") {
  struct Row {
    Range from, to;
  };
  for (auto const& [from, to] :
       {Row{{1.0f, 2.0f}, {0.0f, 2.0f}}, Row{{-2.0f, -1.0f}, {-2.0f, 0.0f}},
        Row{{-1.0f, 2.0f}, {-1.0f, 2.0f}}, Row{{0.0f, 0.0f}, {0.0f, 0.0f}},
        Row{{-0.0f, -0.0f}, {0.0f, 0.0f}}}) {
    CHECK(test::bits_of(from.with_zero().min) == test::bits_of(to.min));
    CHECK(test::bits_of(from.with_zero().max) == test::bits_of(to.max));
  }
}
