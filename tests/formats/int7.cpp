// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/bits.hpp>

#include <qfmt/formats/int7.hpp>

using namespace qfmt;

TEST_CASE("INT7: two's complement, -64 to 63") {
  static_assert(INT7::bits == 7 && INT7::min_int == -64 && INT7::max_int == 63);
  CHECK(decode(test::code<INT7>(0x0)) == 0.0f);
  CHECK(decode(test::code<INT7>(0x1)) == 1.0f);
  CHECK(decode(test::code<INT7>(0x3F)) == 63.0f);
  CHECK(decode(test::code<INT7>(0x40)) == -64.0f);
  CHECK(decode(test::code<INT7>(0x7F)) == -1.0f);
  CHECK(encode<INT7>(-64.0f).bits == 0x40);
  CHECK(encode<INT7>(-1.0f).bits == 0x7F);
  CHECK(encode<INT7>(0.5f).bits == 0x0);  // ties to even
  CHECK(encode<INT7>(-1.5f).bits == 0x7E);
  CHECK(encode<INT7>(63.5f).bits == 0x3F);  // clamped
  CHECK(encode<INT7>(-1e30f).bits == 0x40);
}
