// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/bits.hpp>

#include <qfmt/formats/int5.hpp>

using namespace qfmt;

TEST_CASE("INT5: two's complement, -16 to 15") {
  static_assert(INT5::bits == 5 && INT5::min_int == -16 && INT5::max_int == 15);
  CHECK(decode(test::code<INT5>(0x0)) == 0.0f);
  CHECK(decode(test::code<INT5>(0x1)) == 1.0f);
  CHECK(decode(test::code<INT5>(0xF)) == 15.0f);
  CHECK(decode(test::code<INT5>(0x10)) == -16.0f);
  CHECK(decode(test::code<INT5>(0x1F)) == -1.0f);
  CHECK(encode<INT5>(-16.0f).bits == 0x10);
  CHECK(encode<INT5>(-1.0f).bits == 0x1F);
  CHECK(encode<INT5>(0.5f).bits == 0x0);  // ties to even
  CHECK(encode<INT5>(-1.5f).bits == 0x1E);
  CHECK(encode<INT5>(15.5f).bits == 0xF);  // clamped
  CHECK(encode<INT5>(-1e30f).bits == 0x10);
}
