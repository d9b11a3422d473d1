// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <support/bits.hpp>

#include <qfmt/formats/e5m2fnuz.hpp>

using namespace qfmt;

TEST_CASE("E5M2FNUZ: codes and their values") {
  static_assert(E5M2FNUZ::bits == 8 && E5M2FNUZ::bias == 16);
  CHECK(std::string_view{E5M2FNUZ::name} == "E5M2FNUZ");
  struct Row {
    std::uint16_t code;
    float value;
  };
  Row const rows[] = {
      {0x00, 0.0f}, {0x01, 0x1p-17f}, {0x03, 0x3p-17f},  {0x04, 0x1p-15f},  {0x3C, 0.5f},
      {0x40, 1.0f}, {0x7F, 57344.0f}, {0x81, -0x1p-17f}, {0xFF, -57344.0f},
  };
  for (auto const& row : rows) {
    CHECK(test::bits_of(decode(test::code<E5M2FNUZ>(row.code))) == test::bits_of(row.value));
    CHECK(encode<E5M2FNUZ>(row.value).bits == row.code);
  }
  CHECK(min_value<E5M2FNUZ>() == -max_value<E5M2FNUZ>());
}

TEST_CASE("E5M2FNUZ: rounding and overflow") {
  struct Row {
    float x;
    std::uint16_t saturated, special;
  };
  Row const rows[] = {
      {53248.0f, 0x7E, 0x7E},  // tie
      {61440.0f, 0x7F, 0x80},  // overflow midpoint
      {-0.0f, 0x00, 0x00},     // no -0
  };
  for (auto const& row : rows) {
    CHECK(encode<E5M2FNUZ>(row.x).bits == row.saturated);
    CHECK(encode<E5M2FNUZ, NearestEven, ToSpecial>(row.x).bits == row.special);
  }
}

TEST_CASE("E5M2FNUZ: codes that are no numbers") {
  static_assert(E5M2FNUZ::has_nan && !E5M2FNUZ::has_infinity);
  for (std::uint16_t const code : {std::uint16_t{0x80}})
    CHECK(is_nan(decode(test::code<E5M2FNUZ>(code))));
}
