// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <iterator>
#include <limits>

#include <qfmt/core/bit.hpp>

namespace {

float of(std::uint32_t bits) {
  return qfmt::bit_cast<float>(bits);
}
double of(std::uint64_t bits) {
  return qfmt::bit_cast<double>(bits);
}

}  // namespace

TEST_CASE("bit_cast keeps the bits, also in constant expressions") {
  static_assert(qfmt::bit_cast<std::uint32_t>(1.0f) == 0x3F800000u);
  static_assert(qfmt::bit_cast<std::uint32_t>(-0.0f) == 0x80000000u);
  static_assert(qfmt::bit_cast<std::uint64_t>(1.0) == 0x3FF0000000000000u);
  static_assert(qfmt::bit_cast<float>(0x7F7FFFFFu) == std::numeric_limits<float>::max());
  CHECK(qfmt::bit_cast<std::uint32_t>(of(0x7F800001u)) ==
        0x7F800001u);  // a signalling NaN survives
}

TEST_CASE("magnitude_bits orders magnitudes, NaN above infinity above numbers") {
  static_assert(qfmt::magnitude_bits(-1.0f) == 0x3F800000u);
  static_assert(qfmt::magnitude_bits(-0.0) == 0u);
  float const ascending[] = {0.0f,
                             0x1p-149f,
                             -0x1p-126f,
                             1.0f,
                             -1.5f,
                             std::numeric_limits<float>::max(),
                             -std::numeric_limits<float>::infinity(),
                             of(0x7F800001u),
                             of(0xFFC00000u)};
  for (std::size_t i = 1; i < std::size(ascending); ++i) {
    CHECK(qfmt::magnitude_bits(ascending[i - 1]) < qfmt::magnitude_bits(ascending[i]));
  }
}

TEST_CASE("is_negative is the sign bit, of zeros and NaN too") {
  CHECK(qfmt::is_negative(-0.0f));
  CHECK(qfmt::is_negative(-0.0));
  CHECK(qfmt::is_negative(of(0xFFC00000u)));
  CHECK(qfmt::is_negative(-1.0));
  CHECK_FALSE(qfmt::is_negative(0.0f));
  CHECK_FALSE(qfmt::is_negative(of(0x7FC00000u)));
  CHECK_FALSE(qfmt::is_negative(0x1p-1074));
}

TEST_CASE("is_finite and is_nan at the borders of their bit ranges") {
  struct Row {
    float x;
    bool finite, nan;
  };
  Row const rows[] = {{0.0f, true, false},
                      {of(0x00000001u), true, false},
                      {of(0x7F7FFFFFu), true, false},
                      {of(0xFF7FFFFFu), true, false},
                      {of(0x7F800000u), false, false},
                      {of(0xFF800000u), false, false},
                      {of(0x7F800001u), false, true},
                      {of(0xFFFFFFFFu), false, true}};
  for (auto const& row : rows) {
    CHECK(qfmt::is_finite(row.x) == row.finite);
    CHECK(qfmt::is_nan(row.x) == row.nan);
  }
  CHECK(qfmt::is_finite(of(std::uint64_t{0x7FEFFFFFFFFFFFFFu})));
  CHECK_FALSE(qfmt::is_finite(of(std::uint64_t{0x7FF0000000000000u})));
  CHECK_FALSE(qfmt::is_nan(of(std::uint64_t{0xFFF0000000000000u})));
  CHECK(qfmt::is_nan(of(std::uint64_t{0xFFF0000000000001u})));
}

TEST_CASE("power_of_two is exact over the whole range of binary32") {
  static_assert(qfmt::power_of_two(0) == 1.0f);
  static_assert(qfmt::power_of_two(-149) == 0x1p-149f);
  for (int exponent = -149; exponent <= 127; ++exponent)
    CHECK(qfmt::power_of_two(exponent) == std::ldexp(1.0f, exponent));
}

TEST_CASE("order_key orders like the values, -NaN lowest and NaN highest, and has an inverse") {
  static_assert(qfmt::order_key(0.0f) == 0 && qfmt::order_key(-0.0f) == -1);
  float const ascending[] = {of(0xFFFFFFFFu), of(0xFFC00000u),
                             of(0xFF800000u), of(0xFF7FFFFFu),
                             -1.0f,           -0x1p-149f,
                             -0.0f,           0.0f,
                             0x1p-149f,       1.0f,
                             of(0x7F7FFFFFu), of(0x7F800000u),
                             of(0x7FC00000u), of(0x7FFFFFFFu)};
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    if (i > 0)
      CHECK(qfmt::order_key(ascending[i - 1]) < qfmt::order_key(ascending[i]));
    CHECK(qfmt::bit_cast<std::uint32_t>(qfmt::from_order_key(qfmt::order_key(ascending[i]))) ==
          qfmt::bit_cast<std::uint32_t>(ascending[i]));
  }
}

TEST_CASE("order_key of doubles") {
  static_assert(qfmt::order_key(0.0) == 0 && qfmt::order_key(-0.0) == -1);
  double const infinity = std::numeric_limits<double>::infinity();
  double const nan = std::numeric_limits<double>::quiet_NaN();
  double const ascending[] = {-nan,      -infinity, -1.0,          -0x1p-1074, -0.0,     0.0,
                              0x1p-1074, 1.0,       1.0 + 0x1p-52, 0x1p1023,   infinity, nan};
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    if (i > 0)
      CHECK(qfmt::order_key(ascending[i - 1]) < qfmt::order_key(ascending[i]));
    CHECK(qfmt::bit_cast<std::uint64_t>(qfmt::from_order_key(qfmt::order_key(ascending[i]))) ==
          qfmt::bit_cast<std::uint64_t>(ascending[i]));
  }
}
