// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <support/bits.hpp>

#include <qfmt/formats/ue4m3.hpp>

using namespace qfmt;

TEST_CASE("UE4M3: codes and their values") {
  static_assert(UE4M3::bits == 7 && UE4M3::bias == 7);
  CHECK(std::string_view{UE4M3::name} == "UE4M3");
  struct Row {
    std::uint16_t code;
    float value;
  };
  Row const rows[] = {
      {0x00, 0.0f},   {0x01, 0x1p-9f}, {0x07, 0x7p-9f}, {0x08, 0x1p-6f},
      {0x20, 0.125f}, {0x38, 1.0f},    {0x64, 48.0f},   {0x7E, 448.0f},
  };
  for (auto const& row : rows) {
    CHECK(test::bits_of(decode(test::code<UE4M3>(row.code))) == test::bits_of(row.value));
    CHECK(encode<UE4M3>(row.value).bits == row.code);
  }
  CHECK(min_value<UE4M3>() == 0.0f);
}

TEST_CASE("UE4M3: rounding and overflow") {
  struct Row {
    float x;
    std::uint16_t saturated, special;
  };
  Row const rows[] = {
      {464.0f, 0x7E, 0x7E},  // overflow midpoint
      {465.0f, 0x7E, 0x7F},  // overflow
      {-1.0f, 0x38, 0x38},   // the magnitude
      {-0.0f, 0x00, 0x00},   // no sign
  };
  for (auto const& row : rows) {
    CHECK(encode<UE4M3>(row.x).bits == row.saturated);
    CHECK(encode<UE4M3, NearestEven, ToSpecial>(row.x).bits == row.special);
  }
}

TEST_CASE("UE4M3: codes that are no numbers") {
  static_assert(UE4M3::has_nan && !UE4M3::has_infinity);
  for (std::uint16_t const code : {std::uint16_t{0x7F}})
    CHECK(is_nan(decode(test::code<UE4M3>(code))));
}
