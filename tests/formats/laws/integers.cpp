// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The laws of formats, over every integer format, every codebook and the scale format E8M0.

#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/format_laws.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("laws of every integer format") {
  IntegerFormats::for_each([]<class F>() {
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

TEST_CASE("laws of codebooks") {
  CodebookFormats::for_each([]<class F>() {
    using C = Codec<F>;
    expect_held(laws::codes_round_trip<C>());
    expect_held(laws::decode_increases<C>());
    expect_held(laws::encode_increases<C>());
    expect_held(laws::encode_takes_a_neighbour<C>());
    expect_held(laws::saturates<C>());
    expect_held(laws::ties_go_to_even<C>());
    expect_held(laws::nan_is_canonical<C>());
  });
}

TEST_CASE("laws of E8M0") {
  expect_held(laws::codes_round_trip<Codec<E8M0, TowardZero>>());
  expect_held(laws::codes_round_trip<Codec<E8M0, NearestAway>>());
  expect_held(laws::codes_round_trip<Codec<E8M0, Up>>());
  expect_held(laws::decode_increases<Codec<E8M0, Up>>());
  expect_held(laws::encode_increases<Codec<E8M0, Up>>());
  expect_held(laws::encode_increases<Codec<E8M0, NearestAway>>());
  expect_held(laws::encode_increases<Codec<E8M0, TowardZero>>());
  expect_held(laws::encode_takes_a_neighbour<Codec<E8M0, TowardZero>>());
  expect_held(laws::saturates<Codec<E8M0, NearestAway>>());
  expect_held(laws::nan_is_canonical<Codec<E8M0, TowardZero>>());
}
