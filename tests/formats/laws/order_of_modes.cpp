// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// How the rounding modes relate to each other, over every format.

#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/format_laws.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

struct OrderedModes {
  template <class F>
  void operator()() const {
    expect_held(
        laws::modes_are_ordered<Codec<F>, Codec<F, TowardZero>, Codec<F, Up>, Codec<F, Down>>());
    expect_held(laws::modes_are_ordered<Codec<F, NearestAway>, Codec<F, TowardZero>, Codec<F, Up>,
                                        Codec<F, Down>>());
  }
};

}  // namespace

TEST_CASE("rounding modes are ordered") {
  FloatFormats::for_each(OrderedModes{});
  IntegerFormats::for_each(OrderedModes{});
}
