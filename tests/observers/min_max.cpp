// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <doctest/doctest.h>
#include <limits>
#include <support/bits.hpp>

#include <qfmt/observers/min_max.hpp>

using namespace qfmt;

TEST_CASE("min_max: the smallest and the largest value, which need not hold zero") {
  MinMax observer;
  observer.observe(std::array{3.0f, 1.0f, 2.0f});
  CHECK(observer.range().min == 1.0f);
  CHECK(observer.range().max == 3.0f);
  observer.observe(std::array{-1e30f});
  CHECK(observer.range().min == -1e30f);
  MinMax negative;
  negative.observe(std::array{-3.0f, -1.0f});
  CHECK(negative.range().max == -1.0f);
}

TEST_CASE("min_max: nothing, zeros of both signs, subnormals") {
  CHECK(MinMax{}.range().min == 0.0f);
  CHECK(MinMax{}.range().max == 0.0f);
  MinMax observer;
  observer.observe(std::array{0.0f, -0.0f, 0.0f});
  CHECK(test::bits_of(observer.range().min) == 0x80000000u);
  CHECK(test::bits_of(observer.range().max) == 0u);
  observer.observe(std::array{-0x1p-149f, 0x1p-149f});
  CHECK(observer.range().min == -0x1p-149f);
  CHECK(observer.range().max == 0x1p-149f);
}

TEST_CASE("min_max: a NaN stays at the end that its sign puts it") {
  for (std::uint32_t const bits : {0x7FC00000u, 0x7FFFFFFFu, 0x7F800001u}) {
    MinMax observer;
    observer.observe(
        std::array{1.0f, test::float_of(bits), std::numeric_limits<float>::infinity()});
    CHECK(is_nan(observer.range().max));
    CHECK(observer.range().min == 1.0f);
    MinMax negative;
    negative.observe(std::array{1.0f, test::float_of(bits | 0x80000000u),
                                -std::numeric_limits<float>::infinity()});
    CHECK(is_nan(negative.range().min));
    CHECK(negative.range().max == 1.0f);
  }
  MinMax only;  // the largest key there is: not to be taken for an empty observer
  only.observe(std::array{test::float_of(0x7FFFFFFFu)});
  CHECK_FALSE(only.range().is_finite());
  MinMax lowest;
  lowest.observe(std::array{test::float_of(0xFFFFFFFFu)});
  CHECK_FALSE(lowest.range().is_finite());
}

TEST_CASE("min_max in constant expressions") {
  constexpr Range range = [] {
    MinMax a;
    MinMax b;
    a.observe(std::array{1.0f, 2.0f});
    b.observe(std::array{-2.5f});
    a.merge(b);
    return a.range();
  }();
  static_assert(range.min == -2.5f && range.max == 2.0f);
  CHECK(range.amax() == 2.5f);
}
