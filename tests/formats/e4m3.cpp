// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <support/bits.hpp>

#include <qfmt/formats/e4m3.hpp>

using namespace qfmt;

TEST_CASE("E4M3: codes and their values") {
  static_assert(E4M3::bits == 8 && E4M3::bias == 7);
  CHECK(std::string_view{E4M3::name} == "E4M3");
  struct Row {
    std::uint16_t code;
    float value;
  };
  Row const rows[] = {
      {0x00, 0.0f},   {0x01, 0x1p-9f}, {0x07, 0x7p-9f}, {0x08, 0x1p-6f},
      {0x30, 0.5f},   {0x38, 1.0f},    {0x39, 1.125f},  {0x40, 2.0f},
      {0x7D, 416.0f}, {0x7E, 448.0f},  {0x80, -0.0f},   {0xFE, -448.0f},
  };
  for (auto const& row : rows) {
    CHECK(test::bits_of(decode(test::code<E4M3>(row.code))) == test::bits_of(row.value));
    CHECK(encode<E4M3>(row.value).bits == row.code);
  }
  CHECK(min_value<E4M3>() == -max_value<E4M3>());
}

TEST_CASE("E4M3: rounding and overflow") {
  struct Row {
    float x;
    std::uint16_t saturated, special;
  };
  Row const rows[] = {
      {0x1p-10f, 0x00, 0x00},         // tie
      {0x1.000002p-10f, 0x01, 0x01},  // above the tie
      {1.0625f, 0x38, 0x38},          // tie
      {432.0f, 0x7E, 0x7E},           // tie
      {464.0f, 0x7E, 0x7E},           // overflow midpoint goes to the even 448
      {0x1.d00002p8f, 0x7E, 0x7F},    // beyond it
      {-1000.0f, 0xFE, 0xFF},         // overflow
  };
  for (auto const& row : rows) {
    CHECK(encode<E4M3>(row.x).bits == row.saturated);
    CHECK(encode<E4M3, NearestEven, ToSpecial>(row.x).bits == row.special);
  }
}

TEST_CASE("E4M3: codes that are no numbers") {
  static_assert(E4M3::has_nan && !E4M3::has_infinity);
  for (std::uint16_t const code : {std::uint16_t{0x7F}, std::uint16_t{0xFF}})
    CHECK(is_nan(decode(test::code<E4M3>(code))));
}
