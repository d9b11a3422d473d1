// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/bits.hpp>

#include <qfmt/formats/int2.hpp>

using namespace qfmt;

TEST_CASE("INT2: two's complement, -2 to 1") {
  static_assert(INT2::bits == 2 && INT2::min_int == -2 && INT2::max_int == 1);
  CHECK(decode(test::code<INT2>(0x0)) == 0.0f);
  CHECK(decode(test::code<INT2>(0x1)) == 1.0f);
  CHECK(decode(test::code<INT2>(0x1)) == 1.0f);
  CHECK(decode(test::code<INT2>(0x2)) == -2.0f);
  CHECK(decode(test::code<INT2>(0x3)) == -1.0f);
  CHECK(encode<INT2>(-2.0f).bits == 0x2);
  CHECK(encode<INT2>(-1.0f).bits == 0x3);
  CHECK(encode<INT2>(0.5f).bits == 0x0);  // ties to even
  CHECK(encode<INT2>(-1.5f).bits == 0x2);
  CHECK(encode<INT2>(1.5f).bits == 0x1);  // clamped
  CHECK(encode<INT2>(-1e30f).bits == 0x2);
}
