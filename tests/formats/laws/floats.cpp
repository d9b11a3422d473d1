// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The laws of formats, over every float format.

#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/format_laws.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("laws of every float format") {
  FloatFormats::for_each([]<class F>() {
    using C = Codec<F>;
    expect_held(laws::codes_round_trip<C>());
    expect_held(laws::decode_increases<C>());
    expect_held(laws::encode_increases<C>());
    expect_held(laws::encode_takes_a_neighbour<C>());
    expect_held(laws::saturates<C>());
    expect_held(laws::error_is_bounded<C>());
    expect_held(laws::ties_go_to_even<C>());
    expect_held(laws::nan_is_canonical<C>());
  });
}

TEST_CASE("laws of signed float formats") {
  int formats = 0;
  FloatFormats::for_each([&]<class F>() {
    if constexpr (F::is_signed) {
      expect_held(laws::sign_symmetric<Codec<F>>());
      expect_held(laws::sign_symmetric<Codec<F, TowardZero>>());
      expect_held(laws::sign_symmetric<Codec<F, NearestAway, ToSpecial>>());
      ++formats;
    }
  });
  CHECK(formats >= 12);
}
