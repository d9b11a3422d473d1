// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The laws of formats under the rounding modes other than to nearest even.

#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/format_laws.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

struct EachMode {
  template <class F>
  void operator()() const {
    expect_held(laws::codes_round_trip<Codec<F, Up, ToSpecial>>());
    expect_held(laws::codes_round_trip<Codec<F, Down, ToSpecial>>());
    expect_held(laws::codes_round_trip<Codec<F, NearestAway, ToSpecial>>());
    expect_held(laws::encode_takes_a_neighbour<Codec<F, ToOdd>>());
    expect_held(laws::encode_increases<Codec<F, ToOdd>>());
    expect_held(laws::nan_is_canonical<Codec<F, TowardZero, ToSpecial>>());
  }
};

}  // namespace

TEST_CASE("laws of the rounding modes") {
  FloatFormats::for_each(EachMode{});
  IntegerFormats::for_each(EachMode{});
}
