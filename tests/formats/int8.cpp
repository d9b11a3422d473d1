// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/bits.hpp>

#include <qfmt/formats/int8.hpp>

using namespace qfmt;

TEST_CASE("INT8: two's complement, -128 to 127") {
  static_assert(INT8::bits == 8 && INT8::min_int == -128 && INT8::max_int == 127);
  CHECK(decode(test::code<INT8>(0x0)) == 0.0f);
  CHECK(decode(test::code<INT8>(0x1)) == 1.0f);
  CHECK(decode(test::code<INT8>(0x7F)) == 127.0f);
  CHECK(decode(test::code<INT8>(0x80)) == -128.0f);
  CHECK(decode(test::code<INT8>(0xFF)) == -1.0f);
  CHECK(encode<INT8>(-128.0f).bits == 0x80);
  CHECK(encode<INT8>(-1.0f).bits == 0xFF);
  CHECK(encode<INT8>(0.5f).bits == 0x0);  // ties to even
  CHECK(encode<INT8>(-1.5f).bits == 0xFE);
  CHECK(encode<INT8>(127.5f).bits == 0x7F);  // clamped
  CHECK(encode<INT8>(-1e30f).bits == 0x80);
}
