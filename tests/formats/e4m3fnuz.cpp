// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <support/bits.hpp>

#include <qfmt/formats/e4m3fnuz.hpp>

using namespace qfmt;

TEST_CASE("E4M3FNUZ: codes and their values") {
  static_assert(E4M3FNUZ::bits == 8 && E4M3FNUZ::bias == 8);
  CHECK(std::string_view{E4M3FNUZ::name} == "E4M3FNUZ");
  struct Row {
    std::uint16_t code;
    float value;
  };
  Row const rows[] = {
      {0x00, 0.0f}, {0x01, 0x1p-10f}, {0x07, 0x7p-10f}, {0x08, 0x1p-7f},   {0x38, 0.5f},
      {0x40, 1.0f}, {0x7E, 224.0f},   {0x7F, 240.0f},   {0x81, -0x1p-10f}, {0xFF, -240.0f},
  };
  for (auto const& row : rows) {
    CHECK(test::bits_of(decode(test::code<E4M3FNUZ>(row.code))) == test::bits_of(row.value));
    CHECK(encode<E4M3FNUZ>(row.value).bits == row.code);
  }
  CHECK(min_value<E4M3FNUZ>() == -max_value<E4M3FNUZ>());
}

TEST_CASE("E4M3FNUZ: rounding and overflow") {
  struct Row {
    float x;
    std::uint16_t saturated, special;
  };
  Row const rows[] = {
      {232.0f, 0x7E, 0x7E},     // tie
      {248.0f, 0x7F, 0x80},     // overflow midpoint
      {-0.0f, 0x00, 0x00},      // no -0
      {-0x1p-12f, 0x00, 0x00},  // no -0
      {-1e9f, 0xFF, 0x80},      // one NaN
  };
  for (auto const& row : rows) {
    CHECK(encode<E4M3FNUZ>(row.x).bits == row.saturated);
    CHECK(encode<E4M3FNUZ, NearestEven, ToSpecial>(row.x).bits == row.special);
  }
}

TEST_CASE("E4M3FNUZ: codes that are no numbers") {
  static_assert(E4M3FNUZ::has_nan && !E4M3FNUZ::has_infinity);
  for (std::uint16_t const code : {std::uint16_t{0x80}})
    CHECK(is_nan(decode(test::code<E4M3FNUZ>(code))));
}
