// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <string_view>
#include <support/bits.hpp>

#include <qfmt/formats/e2m1.hpp>

using namespace qfmt;

TEST_CASE("E2M1: codes and their values") {
  static_assert(E2M1::bits == 4 && E2M1::bias == 1);
  CHECK(std::string_view{E2M1::name} == "E2M1");
  struct Row {
    std::uint16_t code;
    float value;
  };
  Row const rows[] = {
      {0x0, 0.0f}, {0x1, 0.5f}, {0x2, 1.0f},  {0x3, 1.5f},  {0x4, 2.0f},  {0x5, 3.0f},
      {0x6, 4.0f}, {0x7, 6.0f}, {0x8, -0.0f}, {0x9, -0.5f}, {0xA, -1.0f}, {0xF, -6.0f},
  };
  for (auto const& row : rows) {
    CHECK(test::bits_of(decode(test::code<E2M1>(row.code))) == test::bits_of(row.value));
    CHECK(encode<E2M1>(row.value).bits == row.code);
  }
  CHECK(min_value<E2M1>() == -max_value<E2M1>());
}

TEST_CASE("E2M1: rounding and overflow") {
  struct Row {
    float x;
    std::uint16_t saturated, special;
  };
  Row const rows[] = {
      {0.25f, 0x0, 0x0},   // tie
      {0.75f, 0x2, 0x2},   // tie
      {1.25f, 0x2, 0x2},   // tie
      {1.75f, 0x4, 0x4},   // tie
      {2.5f, 0x4, 0x4},    // tie
      {3.5f, 0x6, 0x6},    // tie
      {5.0f, 0x6, 0x6},    // tie
      {7.0f, 0x7, 0x7},    // overflow midpoint
      {-0.25f, 0x8, 0x8},  // zero with the sign
  };
  for (auto const& row : rows) {
    CHECK(encode<E2M1>(row.x).bits == row.saturated);
    CHECK(encode<E2M1, NearestEven, ToSpecial>(row.x).bits == row.special);
  }
}

TEST_CASE("E2M1: every code is a number, NaN becomes the largest") {
  static_assert(!E2M1::has_nan && !E2M1::has_infinity);
  for (std::uint16_t code = 0; code < 16; ++code) CHECK(is_finite(decode(test::code<E2M1>(code))));
  CHECK(encode<E2M1>(std::numeric_limits<float>::quiet_NaN()).bits == 0x7);
  CHECK(encode<E2M1>(-std::numeric_limits<float>::quiet_NaN()).bits == 0x7);
}
