// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/bits.hpp>

#include <qfmt/formats/uint6.hpp>

using namespace qfmt;

TEST_CASE("UINT6: 0 to 63") {
  static_assert(UINT6::bits == 6 && UINT6::min_int == 0 && UINT6::max_int == 63);
  for (std::uint16_t code = 0; code <= 63; ++code)
    CHECK(decode(test::code<UINT6>(code)) == static_cast<float>(code));
  CHECK(encode<UINT6>(63.0f).bits == 0x3F);
  CHECK(encode<UINT6>(63.5f).bits == 0x3F);  // clamped
  CHECK(encode<UINT6>(1.5f).bits == 0x2);    // ties to even
  CHECK(encode<UINT6>(0.5f).bits == 0x0);
  CHECK(encode<UINT6>(-1.0f).bits == 0x0);  // nothing below zero
  CHECK(encode<UINT6>(-1e30f).bits == 0x0);
}
