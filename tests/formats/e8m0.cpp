// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <support/bits.hpp>

#include <qfmt/formats/e8m0.hpp>

using namespace qfmt;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();

struct Row {
  float x;
  unsigned floor, ceil, ceil_special, nearest;
};

}  // namespace

TEST_CASE("E8M0: code k is 2^(k - 127), 255 is NaN") {
  for (int k = 0; k < 255; ++k)
    CHECK(decode(test::code<E8M0>(static_cast<unsigned>(k))) == std::ldexp(1.0f, k - 127));
  CHECK(test::bits_of(decode(Code<E8M0>{0})) == 0x00400000u);  // a subnormal of binary32
  CHECK(is_nan(decode(Code<E8M0>{255})));
  CHECK(max_value<E8M0>() == 0x1p127f);
  CHECK(min_value<E8M0>() == 0x1p-127f);
}

TEST_CASE("E8M0: rounding, with the special values as in CUDA's headers") {
  // Columns: TowardZero, Up, Up without saturation, NearestAway.
  Row const rows[] = {
      {0.0f, 0, 0, 0, 0},
      {-0.0f, 0, 0, 0, 0},
      {0x1p-149f, 0, 0, 0, 0},
      {0x1p-127f, 0, 0, 0, 0},
      {0x1.000004p-127f, 0, 1, 1, 0},  // the next number
      {0x1.8p-127f, 0, 1, 1, 1},       // tie
      {0x1.7ffffcp-127f, 0, 1, 1, 0},
      {0x1p-126f, 1, 1, 1, 1},
      {1.0f, 127, 127, 127, 127},
      {0x1.000002p0f, 127, 128, 128, 127},
      {0x1.7ffffep0f, 127, 128, 128, 127},
      {1.5f, 127, 128, 128, 128},  // ties go up
      {3.0f, 128, 129, 129, 129},
      {-1.0f, 127, 127, 127, 127},  // the sign is dropped
      {-1.25f, 127, 128, 128, 127},
      {0x1p127f, 254, 254, 254, 254},
      {0x1.4p127f, 254, 254, 255, 254},
      {0x1.8p127f, 254, 254, 255, 254},
      {std::numeric_limits<float>::max(), 254, 254, 255, 254},
      {inf, 254, 254, 255, 254},
      {-inf, 254, 254, 255, 254},
      {std::numeric_limits<float>::quiet_NaN(), 255, 255, 255, 255},
      {-std::numeric_limits<float>::quiet_NaN(), 255, 255, 255, 255},
  };
  for (auto const& row : rows) {
    INFO(row.x);
    CHECK(encode<E8M0, TowardZero>(row.x).bits == row.floor);
    CHECK(encode<E8M0, Up>(row.x).bits == row.ceil);
    CHECK(encode<E8M0, Up, ToSpecial>(row.x).bits == row.ceil_special);
    CHECK(encode<E8M0, NearestAway>(row.x).bits == row.nearest);
  }
  CHECK(encode<E8M0, TowardZero, ToSpecial>(std::numeric_limits<float>::max()).bits == 254);
  CHECK(encode<E8M0, TowardZero, ToSpecial>(inf).bits == 255);
  CHECK(encode<E8M0, NearestAway, ToSpecial>(0x1.8p127f).bits == 255);
}

TEST_CASE("E8M0: the reciprocal of code k is code 254 - k") {
  for (unsigned k = 0; k < 255; ++k)
    CHECK(decode(test::code<E8M0>(k)) * decode(test::code<E8M0>(254 - k)) == 1.0f);
}

TEST_CASE("E8M0: from binary64") {
  CHECK(encode<E8M0, TowardZero>(0x1.fffffffffffffp3).bits == 130);
  CHECK(encode<E8M0, Up>(0x1.0000000000001p3).bits == 131);
  CHECK(encode<E8M0, Up>(0x1p-1074).bits == 0);
  CHECK(encode<E8M0, Up>(0x1.0000000000001p-127).bits == 1);
  CHECK(encode<E8M0, NearestAway>(0x1.7ffffffffffffp0).bits == 127);
  CHECK(encode<E8M0, Up>(1e300).bits == 254);
  CHECK(encode<E8M0, Up, ToSpecial>(1e300).bits == 255);
}
