// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <support/bits.hpp>

#include <qfmt/formats/e5m2.hpp>

using namespace qfmt;

TEST_CASE("E5M2: codes and their values") {
  static_assert(E5M2::bits == 8 && E5M2::bias == 15);
  CHECK(std::string_view{E5M2::name} == "E5M2");
  struct Row {
    std::uint16_t code;
    float value;
  };
  Row const rows[] = {
      {0x00, 0.0f},     {0x01, 0x1p-16f}, {0x03, 0x3p-16f},  {0x04, 0x1p-14f},
      {0x38, 0.5f},     {0x3C, 1.0f},     {0x3D, 1.25f},     {0x7A, 49152.0f},
      {0x7B, 57344.0f}, {0x80, -0.0f},    {0xFB, -57344.0f},
  };
  for (auto const& row : rows) {
    CHECK(test::bits_of(decode(test::code<E5M2>(row.code))) == test::bits_of(row.value));
    CHECK(encode<E5M2>(row.value).bits == row.code);
  }
  CHECK(min_value<E5M2>() == -max_value<E5M2>());
}

TEST_CASE("E5M2: rounding and overflow") {
  struct Row {
    float x;
    std::uint16_t saturated, special;
  };
  Row const rows[] = {
      {0x1p-17f, 0x00, 0x00},        // tie
      {53248.0f, 0x7A, 0x7A},        // tie
      {0x1.dffffep15f, 0x7B, 0x7B},  // below the overflow midpoint
      {61440.0f, 0x7B, 0x7C},        // overflow midpoint
      {-1e9f, 0xFB, 0xFC},           // overflow
  };
  for (auto const& row : rows) {
    CHECK(encode<E5M2>(row.x).bits == row.saturated);
    CHECK(encode<E5M2, NearestEven, ToSpecial>(row.x).bits == row.special);
  }
}

TEST_CASE("E5M2: codes that are no numbers") {
  static_assert(E5M2::has_nan && E5M2::has_infinity);
  for (std::uint16_t const code : {std::uint16_t{0x7D}, std::uint16_t{0x7E}, std::uint16_t{0x7F},
                                   std::uint16_t{0xFD}, std::uint16_t{0xFF}})
    CHECK(is_nan(decode(test::code<E5M2>(code))));
  CHECK(decode(test::code<E5M2>(0x7C)) == std::numeric_limits<float>::infinity());
  CHECK(decode(test::code<E5M2>(0xFC)) == -std::numeric_limits<float>::infinity());
}
