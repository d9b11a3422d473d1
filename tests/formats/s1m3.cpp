// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <initializer_list>
#include <limits>
#include <support/bits.hpp>

#include <qfmt/formats/s1m3.hpp>

using namespace qfmt;

TEST_CASE("S1M3: a sign and eight magnitudes, of which one is zero") {
  float const magnitudes[] = {1.0f, 1.25f, 1.5f, 2.0f, 3.0f, 4.0f, 6.0f};
  for (unsigned code = 0; code < 7; ++code) {
    CHECK(decode(test::code<S1M3>(code)) == magnitudes[code]);
    CHECK(decode(test::code<S1M3>(code + 8)) == -magnitudes[code]);
    CHECK(encode<S1M3>(magnitudes[code]).bits == code);
    CHECK(encode<S1M3>(-magnitudes[code]).bits == code + 8);
  }
  CHECK(decode(Code<S1M3>{7}) == 0.0f);
  CHECK(decode(Code<S1M3>{15}) == 0.0f);
}

TEST_CASE("S1M3: zero has one code, halves go to the smaller value") {
  for (float const x : {0.0f, -0.0f, 0.5f, -0.499f}) CHECK(encode<S1M3>(x).bits == 7);
  CHECK(encode<S1M3>(std::nextafter(0.5f, 1.0f)).bits == 0);
  CHECK(encode<S1M3>(-0.5f).bits == 8);
  CHECK(encode<S1M3>(1.125f).bits == 0);
  CHECK(encode<S1M3>(5.0f).bits == 5);
  CHECK(encode<S1M3>(std::nextafter(5.0f, 6.0f)).bits == 6);
  CHECK(encode<S1M3>(-5.0f).bits == 14);
  CHECK(encode<S1M3>(std::numeric_limits<float>::infinity()).bits == 6);
  CHECK(encode<S1M3>(std::numeric_limits<float>::quiet_NaN()).bits == 6);
}
