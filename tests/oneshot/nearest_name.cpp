// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/oneshot/nearest_name.hpp>

using namespace qfmt::oneshot;

TEST_CASE("the distance of texts") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "abc") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("sitting", "kitten") == 3);
  CHECK(edit_distance("dampening", "damping") == 2);
}

TEST_CASE("the nearest name, the first of several") {
  std::vector<std::string_view> const names{"block_size", "dampening_frac", "ignore"};
  CHECK(nearest_name("damping_frac", names) == "dampening_frac");
  CHECK(nearest_name("blocksize", names) == "block_size");
  CHECK(nearest_name("ignored", names) == "ignore");
  CHECK(nearest_name("x", std::vector<std::string_view>{"a", "b"}) == "a");
  CHECK(nearest_name("x", {}).empty());
}
