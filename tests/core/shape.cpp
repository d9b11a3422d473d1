// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <initializer_list>

#include <qfmt/core/shape.hpp>

TEST_CASE("a shape counts its elements and compares by its sides") {
  static_assert(qfmt::Shape{3, 5}.size() == 15);
  static_assert(qfmt::Shape{} == qfmt::Shape{0, 0});
  static_assert(qfmt::Shape{3, 5} != qfmt::Shape{5, 3});
  CHECK(qfmt::Shape{100000, 100000}.size() == 10000000000);  // beyond 32 bits
  CHECK(qfmt::Shape{0, 7}.size() == 0);
}

TEST_CASE("ceil_div and round_up") {
  struct Row {
    qfmt::index_t n, d, quotient, multiple;
  };
  for (auto const& row :
       {Row{0, 4, 0, 0}, Row{1, 4, 1, 4}, Row{4, 4, 1, 4}, Row{5, 4, 2, 8}, Row{7, 1, 7, 7},
        Row{(qfmt::index_t{1} << 40) + 1, qfmt::index_t{1} << 40, 2, qfmt::index_t{1} << 41}}) {
    CHECK(qfmt::ceil_div(row.n, row.d) == row.quotient);
    CHECK(qfmt::round_up(row.n, row.d) == row.multiple);
  }
}
