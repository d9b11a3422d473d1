// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/bits.hpp>

#include <qfmt/formats/uint2.hpp>

using namespace qfmt;

TEST_CASE("UINT2: 0 to 3") {
  static_assert(UINT2::bits == 2 && UINT2::min_int == 0 && UINT2::max_int == 3);
  for (std::uint16_t code = 0; code <= 3; ++code)
    CHECK(decode(test::code<UINT2>(code)) == static_cast<float>(code));
  CHECK(encode<UINT2>(3.0f).bits == 0x3);
  CHECK(encode<UINT2>(3.5f).bits == 0x3);  // clamped
  CHECK(encode<UINT2>(1.5f).bits == 0x2);  // ties to even
  CHECK(encode<UINT2>(0.5f).bits == 0x0);
  CHECK(encode<UINT2>(-1.0f).bits == 0x0);  // nothing below zero
  CHECK(encode<UINT2>(-1e30f).bits == 0x0);
}
