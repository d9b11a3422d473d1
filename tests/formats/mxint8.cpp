// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <initializer_list>
#include <limits>
#include <support/bits.hpp>

#include <qfmt/formats/mxint8.hpp>

using namespace qfmt;

TEST_CASE("MXINT8: sixty-fourths, from -127/64 to 127/64") {
  static_assert(MXINT8::bits == 8 && MXINT8::min_int == -127 && MXINT8::max_int == 127);
  CHECK(decode(test::code<MXINT8>(0x01)) == 0.015625f);
  CHECK(decode(test::code<MXINT8>(0x40)) == 1.0f);
  CHECK(decode(test::code<MXINT8>(0x7F)) == 1.984375f);
  CHECK(decode(test::code<MXINT8>(0x81)) == -1.984375f);
  CHECK(decode(test::code<MXINT8>(0xFF)) == -0.015625f);
  CHECK(encode<MXINT8>(1.0f).bits == 0x40);
  CHECK(encode<MXINT8>(0.0078125f).bits == 0x00);  // tie
  CHECK(encode<MXINT8>(0.0234375f).bits == 0x02);  // tie
}

TEST_CASE("MXINT8: -2 is decoded and never produced") {
  CHECK(decode(test::code<MXINT8>(0x80)) == -2.0f);
  CHECK(min_value<MXINT8>() == -1.984375f);
  for (float const x : {-2.0f, -1.99f, -1e30f, -std::numeric_limits<float>::infinity()})
    CHECK(encode<MXINT8>(x).bits == 0x81);
}
