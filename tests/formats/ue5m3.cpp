// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <support/bits.hpp>

#include <qfmt/formats/ue5m3.hpp>

using namespace qfmt;

TEST_CASE("UE5M3: codes and their values") {
  static_assert(UE5M3::bits == 8 && UE5M3::bias == 15);
  CHECK(std::string_view{UE5M3::name} == "UE5M3");
  struct Row {
    std::uint16_t code;
    float value;
  };
  Row const rows[] = {
      {0x00, 0.0f}, {0x01, 0x1p-17f}, {0x07, 0x7p-17f},  {0x08, 0x1p-14f},
      {0x78, 1.0f}, {0x79, 1.125f},   {0xFD, 106496.0f}, {0xFE, 114688.0f},
  };
  for (auto const& row : rows) {
    CHECK(test::bits_of(decode(test::code<UE5M3>(row.code))) == test::bits_of(row.value));
    CHECK(encode<UE5M3>(row.value).bits == row.code);
  }
  CHECK(min_value<UE5M3>() == 0.0f);
}

TEST_CASE("UE5M3: rounding and overflow") {
  struct Row {
    float x;
    std::uint16_t saturated, special;
  };
  Row const rows[] = {
      {110592.0f, 0xFE, 0xFE},  // tie
      {118784.0f, 0xFE, 0xFE},  // overflow midpoint
      {118785.0f, 0xFE, 0xFF},  // overflow
      {-1.0f, 0x78, 0x78},      // the magnitude
  };
  for (auto const& row : rows) {
    CHECK(encode<UE5M3>(row.x).bits == row.saturated);
    CHECK(encode<UE5M3, NearestEven, ToSpecial>(row.x).bits == row.special);
  }
}

TEST_CASE("UE5M3: codes that are no numbers") {
  static_assert(UE5M3::has_nan && !UE5M3::has_infinity);
  for (std::uint16_t const code : {std::uint16_t{0xFF}})
    CHECK(is_nan(decode(test::code<UE5M3>(code))));
}
