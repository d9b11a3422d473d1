// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <support/bits.hpp>

#include <qfmt/formats/e3m2.hpp>

using namespace qfmt;

TEST_CASE("E3M2: codes and their values") {
  static_assert(E3M2::bits == 6 && E3M2::bias == 3);
  CHECK(std::string_view{E3M2::name} == "E3M2");
  struct Row {
    std::uint16_t code;
    float value;
  };
  Row const rows[] = {
      {0x00, 0.0f},  {0x01, 0.0625f}, {0x03, 0.1875f}, {0x04, 0.25f}, {0x08, 0.5f},
      {0x0C, 1.0f},  {0x0D, 1.25f},   {0x10, 2.0f},    {0x14, 4.0f},  {0x1E, 24.0f},
      {0x1F, 28.0f}, {0x20, -0.0f},   {0x3F, -28.0f},
  };
  for (auto const& row : rows) {
    CHECK(test::bits_of(decode(test::code<E3M2>(row.code))) == test::bits_of(row.value));
    CHECK(encode<E3M2>(row.value).bits == row.code);
  }
  CHECK(min_value<E3M2>() == -max_value<E3M2>());
}

TEST_CASE("E3M2: rounding and overflow") {
  struct Row {
    float x;
    std::uint16_t saturated, special;
  };
  Row const rows[] = {
      {0.03125f, 0x00, 0x00},  // tie
      {0.09375f, 0x02, 0x02},  // tie
      {26.0f, 0x1E, 0x1E},     // tie
      {30.0f, 0x1F, 0x1F},     // overflow midpoint
      {-100.0f, 0x3F, 0x3F},   // no infinity
  };
  for (auto const& row : rows) {
    CHECK(encode<E3M2>(row.x).bits == row.saturated);
    CHECK(encode<E3M2, NearestEven, ToSpecial>(row.x).bits == row.special);
  }
}

TEST_CASE("E3M2: every code is a number, NaN becomes the largest") {
  static_assert(!E3M2::has_nan && !E3M2::has_infinity);
  for (std::uint16_t code = 0; code < 64; ++code) CHECK(is_finite(decode(test::code<E3M2>(code))));
  CHECK(encode<E3M2>(std::numeric_limits<float>::quiet_NaN()).bits == 0x1F);
  CHECK(encode<E3M2>(-std::numeric_limits<float>::quiet_NaN()).bits == 0x1F);
}
