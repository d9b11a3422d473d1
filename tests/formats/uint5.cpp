// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/bits.hpp>

#include <qfmt/formats/uint5.hpp>

using namespace qfmt;

TEST_CASE("UINT5: 0 to 31") {
  static_assert(UINT5::bits == 5 && UINT5::min_int == 0 && UINT5::max_int == 31);
  for (std::uint16_t code = 0; code <= 31; ++code)
    CHECK(decode(test::code<UINT5>(code)) == static_cast<float>(code));
  CHECK(encode<UINT5>(31.0f).bits == 0x1F);
  CHECK(encode<UINT5>(31.5f).bits == 0x1F);  // clamped
  CHECK(encode<UINT5>(1.5f).bits == 0x2);    // ties to even
  CHECK(encode<UINT5>(0.5f).bits == 0x0);
  CHECK(encode<UINT5>(-1.0f).bits == 0x0);  // nothing below zero
  CHECK(encode<UINT5>(-1e30f).bits == 0x0);
}
