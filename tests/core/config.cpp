// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/core/config.hpp>

TEST_CASE("the version is one number that orders releases") {
  constexpr int composed =
      QFMT_VERSION_MAJOR * 10000 + QFMT_VERSION_MINOR * 100 + QFMT_VERSION_PATCH;
  CHECK(QFMT_VERSION == composed);
  CHECK(QFMT_VERSION_MINOR < 100);
  CHECK(QFMT_VERSION_PATCH < 100);
  CHECK(QFMT_VERSION > 0);
}

// On the host the marker for device functions is nothing: this is an ordinary function.
QFMT_HOST_DEVICE static constexpr int twice(int x) {
  return 2 * x;
}

TEST_CASE("names of the standard library are the same types in namespace qfmt") {
  static_assert(qfmt::is_same_v<qfmt::uint32_t, std::uint32_t> &&
                qfmt::is_same_v<qfmt::int64_t, std::int64_t>);
  static_assert(qfmt::is_same_v<qfmt::size_t, std::size_t>);
  static_assert(qfmt::same_as<qfmt::conditional_t<true, float, int>, float>);
  static_assert(qfmt::unsigned_integral<qfmt::uint8_t> && !qfmt::unsigned_integral<qfmt::int8_t>);
  CHECK(twice(21) == 42);
}
