// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <support/bits.hpp>

#include <qfmt/formats/e4m3b11fnuz.hpp>

using namespace qfmt;

TEST_CASE("E4M3B11FNUZ: codes and their values") {
  static_assert(E4M3B11FNUZ::bits == 8 && E4M3B11FNUZ::bias == 11);
  CHECK(std::string_view{E4M3B11FNUZ::name} == "E4M3B11FNUZ");
  struct Row {
    std::uint16_t code;
    float value;
  };
  Row const rows[] = {
      {0x00, 0.0f}, {0x01, 0x1p-13f}, {0x07, 0x7p-13f},  {0x08, 0x1p-10f}, {0x50, 0.5f},
      {0x58, 1.0f}, {0x7F, 30.0f},    {0x81, -0x1p-13f}, {0xFF, -30.0f},
  };
  for (auto const& row : rows) {
    CHECK(test::bits_of(decode(test::code<E4M3B11FNUZ>(row.code))) == test::bits_of(row.value));
    CHECK(encode<E4M3B11FNUZ>(row.value).bits == row.code);
  }
  CHECK(min_value<E4M3B11FNUZ>() == -max_value<E4M3B11FNUZ>());
}

TEST_CASE("E4M3B11FNUZ: rounding and overflow") {
  struct Row {
    float x;
    std::uint16_t saturated, special;
  };
  Row const rows[] = {
      {29.0f, 0x7E, 0x7E},      // tie
      {31.0f, 0x7F, 0x80},      // overflow midpoint
      {-0.0f, 0x00, 0x00},      // no -0
      {-0x1p-15f, 0x00, 0x00},  // no -0
  };
  for (auto const& row : rows) {
    CHECK(encode<E4M3B11FNUZ>(row.x).bits == row.saturated);
    CHECK(encode<E4M3B11FNUZ, NearestEven, ToSpecial>(row.x).bits == row.special);
  }
}

TEST_CASE("E4M3B11FNUZ: codes that are no numbers") {
  static_assert(E4M3B11FNUZ::has_nan && !E4M3B11FNUZ::has_infinity);
  for (std::uint16_t const code : {std::uint16_t{0x80}})
    CHECK(is_nan(decode(test::code<E4M3B11FNUZ>(code))));
}
