// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <support/bits.hpp>

#include <qfmt/formats/e3m4.hpp>

using namespace qfmt;

TEST_CASE("E3M4: codes and their values") {
  static_assert(E3M4::bits == 8 && E3M4::bias == 3);
  CHECK(std::string_view{E3M4::name} == "E3M4");
  struct Row {
    std::uint16_t code;
    float value;
  };
  Row const rows[] = {
      {0x00, 0.0f},    {0x01, 0x1p-6f}, {0x0F, 0.234375f}, {0x10, 0.25f},  {0x30, 1.0f},
      {0x31, 1.0625f}, {0x6F, 15.5f},   {0x80, -0.0f},     {0xEF, -15.5f},
  };
  for (auto const& row : rows) {
    CHECK(test::bits_of(decode(test::code<E3M4>(row.code))) == test::bits_of(row.value));
    CHECK(encode<E3M4>(row.value).bits == row.code);
  }
  CHECK(min_value<E3M4>() == -max_value<E3M4>());
}

TEST_CASE("E3M4: rounding and overflow") {
  struct Row {
    float x;
    std::uint16_t saturated, special;
  };
  Row const rows[] = {
      {15.25f, 0x6E, 0x6E},  // tie
      {15.75f, 0x6F, 0x70},  // overflow midpoint
      {-1e9f, 0xEF, 0xF0},   // overflow
  };
  for (auto const& row : rows) {
    CHECK(encode<E3M4>(row.x).bits == row.saturated);
    CHECK(encode<E3M4, NearestEven, ToSpecial>(row.x).bits == row.special);
  }
}

TEST_CASE("E3M4: codes that are no numbers") {
  static_assert(E3M4::has_nan && E3M4::has_infinity);
  for (std::uint16_t const code :
       {std::uint16_t{0x71}, std::uint16_t{0x7F}, std::uint16_t{0xF1}, std::uint16_t{0xFF}})
    CHECK(is_nan(decode(test::code<E3M4>(code))));
  CHECK(decode(test::code<E3M4>(0x70)) == std::numeric_limits<float>::infinity());
  CHECK(decode(test::code<E3M4>(0xF0)) == -std::numeric_limits<float>::infinity());
}
