// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <support/bits.hpp>

#include <qfmt/formats/bf16.hpp>

using namespace qfmt;

TEST_CASE("BF16: codes and their values") {
  static_assert(BF16::bits == 16 && BF16::bias == 127);
  CHECK(std::string_view{BF16::name} == "BF16");
  struct Row {
    std::uint16_t code;
    float value;
  };
  Row const rows[] = {
      {0x0000, 0.0f},     {0x0001, 0x1p-133f},   {0x007F, 0x7fp-133f}, {0x0080, 0x1p-126f},
      {0x3F00, 0.5f},     {0x3F80, 1.0f},        {0x3FC0, 1.5f},       {0x40C0, 6.0f},
      {0x479E, 80896.0f}, {0x7F7F, 0x1.fep127f}, {0x8000, -0.0f},      {0xC0C0, -6.0f},
  };
  for (auto const& row : rows) {
    CHECK(test::bits_of(decode(test::code<BF16>(row.code))) == test::bits_of(row.value));
    CHECK(encode<BF16>(row.value).bits == row.code);
  }
  CHECK(min_value<BF16>() == -max_value<BF16>());
}

TEST_CASE("BF16: rounding and overflow") {
  struct Row {
    float x;
    std::uint16_t saturated, special;
  };
  Row const rows[] = {
      {0x1p-134f, 0x0000, 0x0000},        // tie
      {0x1.00p0f, 0x3F80, 0x3F80},        // tie
      {0x1.fefffep127f, 0x7F7F, 0x7F7F},  // below the overflow midpoint
      {0x1.ffp127f, 0x7F7F, 0x7F80},      // overflow midpoint
  };
  for (auto const& row : rows) {
    CHECK(encode<BF16>(row.x).bits == row.saturated);
    CHECK(encode<BF16, NearestEven, ToSpecial>(row.x).bits == row.special);
  }
}

TEST_CASE("BF16: codes that are no numbers") {
  static_assert(BF16::has_nan && BF16::has_infinity);
  for (std::uint16_t const code :
       {std::uint16_t{0x7F81}, std::uint16_t{0x7FC0}, std::uint16_t{0x7FFF}, std::uint16_t{0xFFC0}})
    CHECK(is_nan(decode(test::code<BF16>(code))));
  CHECK(decode(test::code<BF16>(0x7F80)) == std::numeric_limits<float>::infinity());
  CHECK(decode(test::code<BF16>(0xFF80)) == -std::numeric_limits<float>::infinity());
}
