// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/bits.hpp>

#include <qfmt/formats/int4.hpp>

using namespace qfmt;

TEST_CASE("INT4: two's complement, -8 to 7") {
  static_assert(INT4::bits == 4 && INT4::min_int == -8 && INT4::max_int == 7);
  CHECK(decode(test::code<INT4>(0x0)) == 0.0f);
  CHECK(decode(test::code<INT4>(0x1)) == 1.0f);
  CHECK(decode(test::code<INT4>(0x7)) == 7.0f);
  CHECK(decode(test::code<INT4>(0x8)) == -8.0f);
  CHECK(decode(test::code<INT4>(0xF)) == -1.0f);
  CHECK(encode<INT4>(-8.0f).bits == 0x8);
  CHECK(encode<INT4>(-1.0f).bits == 0xF);
  CHECK(encode<INT4>(0.5f).bits == 0x0);  // ties to even
  CHECK(encode<INT4>(-1.5f).bits == 0xE);
  CHECK(encode<INT4>(7.5f).bits == 0x7);  // clamped
  CHECK(encode<INT4>(-1e30f).bits == 0x8);
}
