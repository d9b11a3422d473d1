// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <support/bits.hpp>

#include <qfmt/formats/e4m3ieee.hpp>

using namespace qfmt;

TEST_CASE("E4M3IEEE: codes and their values") {
  static_assert(E4M3IEEE::bits == 8 && E4M3IEEE::bias == 7);
  CHECK(std::string_view{E4M3IEEE::name} == "E4M3IEEE");
  struct Row {
    std::uint16_t code;
    float value;
  };
  Row const rows[] = {
      {0x00, 0.0f},   {0x01, 0x1p-9f}, {0x07, 0x7p-9f}, {0x08, 0x1p-6f}, {0x38, 1.0f},
      {0x76, 224.0f}, {0x77, 240.0f},  {0x80, -0.0f},   {0xF7, -240.0f},
  };
  for (auto const& row : rows) {
    CHECK(test::bits_of(decode(test::code<E4M3IEEE>(row.code))) == test::bits_of(row.value));
    CHECK(encode<E4M3IEEE>(row.value).bits == row.code);
  }
  CHECK(min_value<E4M3IEEE>() == -max_value<E4M3IEEE>());
}

TEST_CASE("E4M3IEEE: rounding and overflow") {
  struct Row {
    float x;
    std::uint16_t saturated, special;
  };
  Row const rows[] = {
      {232.0f, 0x76, 0x76},  // tie
      {248.0f, 0x77, 0x78},  // overflow midpoint
      {-1e9f, 0xF7, 0xF8},   // overflow
  };
  for (auto const& row : rows) {
    CHECK(encode<E4M3IEEE>(row.x).bits == row.saturated);
    CHECK(encode<E4M3IEEE, NearestEven, ToSpecial>(row.x).bits == row.special);
  }
}

TEST_CASE("E4M3IEEE: codes that are no numbers") {
  static_assert(E4M3IEEE::has_nan && E4M3IEEE::has_infinity);
  for (std::uint16_t const code : {std::uint16_t{0x79}, std::uint16_t{0x7F}, std::uint16_t{0xF9}})
    CHECK(is_nan(decode(test::code<E4M3IEEE>(code))));
  CHECK(decode(test::code<E4M3IEEE>(0x78)) == std::numeric_limits<float>::infinity());
  CHECK(decode(test::code<E4M3IEEE>(0xF8)) == -std::numeric_limits<float>::infinity());
}
