// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/bits.hpp>

#include <qfmt/formats/int3.hpp>

using namespace qfmt;

TEST_CASE("INT3: two's complement, -4 to 3") {
  static_assert(INT3::bits == 3 && INT3::min_int == -4 && INT3::max_int == 3);
  CHECK(decode(test::code<INT3>(0x0)) == 0.0f);
  CHECK(decode(test::code<INT3>(0x1)) == 1.0f);
  CHECK(decode(test::code<INT3>(0x3)) == 3.0f);
  CHECK(decode(test::code<INT3>(0x4)) == -4.0f);
  CHECK(decode(test::code<INT3>(0x7)) == -1.0f);
  CHECK(encode<INT3>(-4.0f).bits == 0x4);
  CHECK(encode<INT3>(-1.0f).bits == 0x7);
  CHECK(encode<INT3>(0.5f).bits == 0x0);  // ties to even
  CHECK(encode<INT3>(-1.5f).bits == 0x6);
  CHECK(encode<INT3>(3.5f).bits == 0x3);  // clamped
  CHECK(encode<INT3>(-1e30f).bits == 0x4);
}
