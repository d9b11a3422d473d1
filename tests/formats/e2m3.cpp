// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <support/bits.hpp>

#include <qfmt/formats/e2m3.hpp>

using namespace qfmt;

TEST_CASE("E2M3: codes and their values") {
  static_assert(E2M3::bits == 6 && E2M3::bias == 1);
  CHECK(std::string_view{E2M3::name} == "E2M3");
  struct Row {
    std::uint16_t code;
    float value;
  };
  Row const rows[] = {
      {0x00, 0.0f},   {0x01, 0.125f}, {0x07, 0.875f}, {0x08, 1.0f}, {0x09, 1.125f},
      {0x0F, 1.875f}, {0x10, 2.0f},   {0x11, 2.25f},  {0x18, 4.0f}, {0x1E, 7.0f},
      {0x1F, 7.5f},   {0x20, -0.0f},  {0x3F, -7.5f},
  };
  for (auto const& row : rows) {
    CHECK(test::bits_of(decode(test::code<E2M3>(row.code))) == test::bits_of(row.value));
    CHECK(encode<E2M3>(row.value).bits == row.code);
  }
  CHECK(min_value<E2M3>() == -max_value<E2M3>());
}

TEST_CASE("E2M3: rounding and overflow") {
  struct Row {
    float x;
    std::uint16_t saturated, special;
  };
  Row const rows[] = {
      {0.0625f, 0x00, 0x00},  // tie
      {0.1875f, 0x02, 0x02},  // tie
      {7.25f, 0x1E, 0x1E},    // tie
      {7.75f, 0x1F, 0x1F},    // overflow midpoint
      {-100.0f, 0x3F, 0x3F},  // no infinity
  };
  for (auto const& row : rows) {
    CHECK(encode<E2M3>(row.x).bits == row.saturated);
    CHECK(encode<E2M3, NearestEven, ToSpecial>(row.x).bits == row.special);
  }
}

TEST_CASE("E2M3: every code is a number, NaN becomes the largest") {
  static_assert(!E2M3::has_nan && !E2M3::has_infinity);
  for (std::uint16_t code = 0; code < 64; ++code) CHECK(is_finite(decode(test::code<E2M3>(code))));
  CHECK(encode<E2M3>(std::numeric_limits<float>::quiet_NaN()).bits == 0x1F);
  CHECK(encode<E2M3>(-std::numeric_limits<float>::quiet_NaN()).bits == 0x1F);
}
