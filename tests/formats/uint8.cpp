// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/bits.hpp>

#include <qfmt/formats/uint8.hpp>

using namespace qfmt;

TEST_CASE("UINT8: 0 to 255") {
  static_assert(UINT8::bits == 8 && UINT8::min_int == 0 && UINT8::max_int == 255);
  for (std::uint16_t code = 0; code <= 255; ++code)
    CHECK(decode(test::code<UINT8>(code)) == static_cast<float>(code));
  CHECK(encode<UINT8>(255.0f).bits == 0xFF);
  CHECK(encode<UINT8>(255.5f).bits == 0xFF);  // clamped
  CHECK(encode<UINT8>(1.5f).bits == 0x2);     // ties to even
  CHECK(encode<UINT8>(0.5f).bits == 0x0);
  CHECK(encode<UINT8>(-1.0f).bits == 0x0);  // nothing below zero
  CHECK(encode<UINT8>(-1e30f).bits == 0x0);
}
