// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <initializer_list>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/profiles/ties_to_zero.hpp>

using namespace qfmt;
using profile::TiesToZero;

TEST_CASE("ties go to the smaller magnitude, everything else to the nearest") {
  float const values[] = {0.0f, 0.5f, 1.0f, 1.5f, 2.0f, 3.0f, 4.0f, 6.0f};
  for (unsigned code = 0; code < 7; ++code) {
    float const midpoint = (values[code] + values[code + 1]) / 2;
    for (float const sign : {1.0f, -1.0f}) {
      unsigned const sign_bit = sign < 0.0f ? 8u : 0u;
      CHECK(encode<E2M1, TiesToZero>(sign * midpoint).bits == (code | sign_bit));
      CHECK(encode<E2M1, TiesToZero>(sign * midpoint * 1.0000002f).bits == ((code + 1) | sign_bit));
      CHECK(encode<E2M1, TiesToZero>(sign * midpoint * 0.9999999f).bits == (code | sign_bit));
    }
    bool const even_is_lower = code % 2 == 0;
    CHECK((encode<E2M1>(midpoint).bits == code) == even_is_lower);
  }
  CHECK(encode<E2M1, TiesToZero>(1e9f).bits == 0x7);
}
