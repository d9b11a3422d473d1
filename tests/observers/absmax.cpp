// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <doctest/doctest.h>
#include <limits>
#include <support/bits.hpp>

#include <qfmt/observers/absmax.hpp>

using namespace qfmt;

TEST_CASE("absmax: the largest magnitude, symmetric around zero") {
  AbsMax observer;
  observer.observe(std::array{1.0f, -3.0f, 2.0f});
  CHECK(observer.range().min == -3.0f);
  CHECK(observer.range().max == 3.0f);
  observer.observe(std::array{0.5f});
  CHECK(observer.range().max == 3.0f);
  observer.observe(std::array{4.0f});
  CHECK(observer.range().max == 4.0f);
  CHECK(observer.range().amax() == 4.0f);
}

TEST_CASE("absmax: nothing, zeros, the smallest and the largest number") {
  CHECK(AbsMax{}.range().max == 0.0f);
  AbsMax observer;
  observer.observe(std::array{-0.0f, 0.0f});
  CHECK(test::bits_of(observer.range().max) == 0u);
  observer.observe(std::array{-0x1p-149f});
  CHECK(observer.range().amax() == 0x1p-149f);
  observer.observe(std::array{-std::numeric_limits<float>::max()});
  CHECK(observer.range().amax() == std::numeric_limits<float>::max());
}

TEST_CASE("absmax: NaN wins over infinity, and is never lost") {
  AbsMax observer;
  observer.observe(std::array{-std::numeric_limits<float>::infinity()});
  CHECK(observer.range().amax() == std::numeric_limits<float>::infinity());
  observer.observe(std::array{std::numeric_limits<float>::quiet_NaN(), 1.0f});
  CHECK(is_nan(observer.range().amax()));
  observer.observe(std::array{std::numeric_limits<float>::max()});
  CHECK_FALSE(observer.range().is_finite());
}

TEST_CASE("absmax in constant expressions") {
  constexpr float amax = [] {
    AbsMax a;
    AbsMax b;
    a.observe(std::array{1.0f, -2.0f});
    b.observe(std::array{-2.5f});
    a.merge(b);
    return a.range().amax();
  }();
  static_assert(amax == 2.5f);
  CHECK(amax == 2.5f);
}
