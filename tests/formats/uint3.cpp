// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/bits.hpp>

#include <qfmt/formats/uint3.hpp>

using namespace qfmt;

TEST_CASE("UINT3: 0 to 7") {
  static_assert(UINT3::bits == 3 && UINT3::min_int == 0 && UINT3::max_int == 7);
  for (std::uint16_t code = 0; code <= 7; ++code)
    CHECK(decode(test::code<UINT3>(code)) == static_cast<float>(code));
  CHECK(encode<UINT3>(7.0f).bits == 0x7);
  CHECK(encode<UINT3>(7.5f).bits == 0x7);  // clamped
  CHECK(encode<UINT3>(1.5f).bits == 0x2);  // ties to even
  CHECK(encode<UINT3>(0.5f).bits == 0x0);
  CHECK(encode<UINT3>(-1.0f).bits == 0x0);  // nothing below zero
  CHECK(encode<UINT3>(-1e30f).bits == 0x0);
}
