// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/bits.hpp>

#include <qfmt/formats/uint4.hpp>

using namespace qfmt;

TEST_CASE("UINT4: 0 to 15") {
  static_assert(UINT4::bits == 4 && UINT4::min_int == 0 && UINT4::max_int == 15);
  for (std::uint16_t code = 0; code <= 15; ++code)
    CHECK(decode(test::code<UINT4>(code)) == static_cast<float>(code));
  CHECK(encode<UINT4>(15.0f).bits == 0xF);
  CHECK(encode<UINT4>(15.5f).bits == 0xF);  // clamped
  CHECK(encode<UINT4>(1.5f).bits == 0x2);   // ties to even
  CHECK(encode<UINT4>(0.5f).bits == 0x0);
  CHECK(encode<UINT4>(-1.0f).bits == 0x0);  // nothing below zero
  CHECK(encode<UINT4>(-1e30f).bits == 0x0);
}
