// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/bits.hpp>

#include <qfmt/formats/int6.hpp>

using namespace qfmt;

TEST_CASE("INT6: two's complement, -32 to 31") {
  static_assert(INT6::bits == 6 && INT6::min_int == -32 && INT6::max_int == 31);
  CHECK(decode(test::code<INT6>(0x0)) == 0.0f);
  CHECK(decode(test::code<INT6>(0x1)) == 1.0f);
  CHECK(decode(test::code<INT6>(0x1F)) == 31.0f);
  CHECK(decode(test::code<INT6>(0x20)) == -32.0f);
  CHECK(decode(test::code<INT6>(0x3F)) == -1.0f);
  CHECK(encode<INT6>(-32.0f).bits == 0x20);
  CHECK(encode<INT6>(-1.0f).bits == 0x3F);
  CHECK(encode<INT6>(0.5f).bits == 0x0);  // ties to even
  CHECK(encode<INT6>(-1.5f).bits == 0x3E);
  CHECK(encode<INT6>(31.5f).bits == 0x1F);  // clamped
  CHECK(encode<INT6>(-1e30f).bits == 0x20);
}
