// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <support/compare.hpp>
#include <vector>

// The comparison that the tests rely on, against its own truth table.

using qfmt::test::Comparison;
using qfmt::test::poison;
using qfmt::test::same_bits;
using qfmt::test::same_values;
using qfmt::test::within;
using qfmt::test::Zeros;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

// Beside the pair in question, one equal pair that is not zero.
template <class Compare>
bool equal(Compare compare, float found, float expected) {
  float const left[] = {7.0f, found};
  float const right[] = {7.0f, expected};
  return compare(left, right).equal;
}

bool bits(float found, float expected) {
  return equal([](auto const& l, auto const& r) { return same_bits(l, r); }, found, expected);
}
bool values(float found, float expected) {
  return equal([](auto const& l, auto const& r) { return same_values(l, r); }, found, expected);
}
bool near(float found, float expected, double bound) {
  double const bounds[] = {0.0, bound};
  return equal([&](auto const& l, auto const& r) { return within(l, r, bounds); }, found, expected);
}

}  // namespace

TEST_CASE("comparator: pairs") {
  struct Row {
    float found, expected;
    bool same_bits, same_values, within_one;
  };
  float const other_nan = std::bit_cast<float>(0xFFC12345u);
  Row const rows[] = {
      {1.0f, 1.0f, true, true, true},
      {1.0f, std::nextafter(1.0f, 2.0f), false, false, true},
      {1.0f, 2.0f, false, false, true},
      {1.0f, 2.1f, false, false, false},
      {1.0f, -1.0f, false, false, false},
      {0.0f, -0.0f, false, true, true},
      {0x1p-149f, 0.0f, false, false, true},
      {not_a_number, not_a_number, true, true, true},
      {not_a_number, other_nan, true, true, true},
      {not_a_number, 1.0f, false, false, false},
      {1.0f, not_a_number, false, false, false},
      {not_a_number, inf, false, false, false},
      {inf, inf, true, true, true},
      {-inf, -inf, true, true, true},
      {inf, -inf, false, false, false},
      {inf, std::numeric_limits<float>::max(), false, false, false},
      {1.0f, inf, false, false, false},
      {poison(), 1.0f, false, false, false},
      {poison(), not_a_number, false, false, false},
      {poison(), poison(), false, false, false},
      {1.0f, poison(), false, false, false},
  };
  for (auto const& row : rows) {
    INFO("found " << row.found << ", expected " << row.expected);
    CHECK(bits(row.found, row.expected) == row.same_bits);
    CHECK(values(row.found, row.expected) == row.same_values);
    CHECK(near(row.found, row.expected, 1.0) == row.within_one);
  }
}

TEST_CASE("comparator: a NaN or an infinite bound lets nothing through that is not a number") {
  CHECK_FALSE(near(not_a_number, 1.0f, std::numeric_limits<double>::infinity()));
  CHECK_FALSE(near(inf, 1.0f, std::numeric_limits<double>::infinity()));
  CHECK_FALSE(near(1.5f, 1.0f, std::numeric_limits<double>::quiet_NaN()));
}

TEST_CASE("comparator: lengths, nothing at all, and references of zeros") {
  std::vector<float> const none;
  std::vector<float> const one{1.0f};
  std::vector<float> const two{1.0f, 2.0f};
  std::vector<float> const zeros{0.0f, -0.0f};
  std::vector<double> const one_bound{1.0};
  CHECK_FALSE(same_bits(one, two));
  CHECK_FALSE(same_bits(two, one));
  CHECK_FALSE(same_bits(none, none));
  CHECK_FALSE(same_values(none, none, Zeros::expected));
  CHECK_FALSE(within(two, two, one_bound));
  CHECK_FALSE(same_bits(zeros, zeros));
  CHECK_FALSE(same_values(zeros, zeros));
  CHECK(same_bits(zeros, zeros, Zeros::expected));
  CHECK(same_bits(two, two));
}

TEST_CASE("comparator: names the first difference") {
  std::vector<float> const found{1.0f, 2.0f, poison()};
  std::vector<float> const expected{1.0f, 3.0f, 4.0f};
  CHECK(same_bits(found, expected).difference ==
        "element 1: 2 (0x40000000) instead of 3 (0x40400000)");
  CHECK(same_bits(std::span{found}.subspan(2), std::span{expected}.subspan(2)).difference ==
        "element 0: never written instead of 4 (0x40800000)");
}
