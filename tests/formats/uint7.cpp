// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/bits.hpp>

#include <qfmt/formats/uint7.hpp>

using namespace qfmt;

TEST_CASE("UINT7: 0 to 127") {
  static_assert(UINT7::bits == 7 && UINT7::min_int == 0 && UINT7::max_int == 127);
  for (std::uint16_t code = 0; code <= 127; ++code)
    CHECK(decode(test::code<UINT7>(code)) == static_cast<float>(code));
  CHECK(encode<UINT7>(127.0f).bits == 0x7F);
  CHECK(encode<UINT7>(127.5f).bits == 0x7F);  // clamped
  CHECK(encode<UINT7>(1.5f).bits == 0x2);     // ties to even
  CHECK(encode<UINT7>(0.5f).bits == 0x0);
  CHECK(encode<UINT7>(-1.0f).bits == 0x0);  // nothing below zero
  CHECK(encode<UINT7>(-1e30f).bits == 0x0);
}
