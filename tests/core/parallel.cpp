// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/executors.hpp>
#include <support/laws/expect.hpp>
#include <vector>

#include <qfmt/core/parallel.hpp>

using qfmt::index_t;
using qfmt::IndexRange;
using qfmt::test::Violations;

namespace {

/// The law of executors: every index once, ranges on the grid of the grain and not longer than it.
template <class E>
Violations covers(E&& executor) {
  Violations found{"executor covers every index once"};
  for (index_t const count : {0, 1, 2, 3, 7, 8, 9, 64, 65, 1000}) {
    for (index_t const grain : {1, 2, 3, 8, 64, 1001}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
      std::atomic<bool> on_grid{true};
      executor.for_each_range(count, grain, [&](IndexRange range) {
        if (range.begin % grain != 0 || range.end - range.begin > grain || range.begin >= range.end)
          on_grid = false;
        for (index_t i = range.begin; i < range.end; ++i) visits[static_cast<std::size_t>(i)]++;
      });
      bool once = true;
      for (auto const& v : visits) once = once && v == 1;
      found.expect(once && on_grid, [&] {
        return std::to_string(count) + " indices, grain " + std::to_string(grain);
      });
    }
  }
  return found;
}

struct ForgetsTheTail {
  void for_each_range(index_t count, index_t grain, auto&& body) const {
    for (index_t begin = 0; begin + grain <= count; begin += grain)
      body(IndexRange{begin, begin + grain});
  }
};

struct Overlaps {
  void for_each_range(index_t count, index_t grain, auto&& body) const {
    qfmt::Serial{}.for_each_range(count, grain, body);
    if (count > 0)
      body(IndexRange{0, 1});
  }
};

}  // namespace

TEST_CASE("executors cover every index exactly once") {
  qfmt::test::expect_held(covers(qfmt::Serial{}));
  qfmt::test::expect_held(covers(qfmt::test::Reversed{}));
  qfmt::test::expect_held(covers(qfmt::test::Threads{}));
  qfmt::test::expect_violated(covers(ForgetsTheTail{}));
  qfmt::test::expect_violated(covers(Overlaps{}));
}

TEST_CASE("the serial executor goes in order and is usable in constant expressions") {
  constexpr auto concatenated = [] {
    index_t digits = 0;
    qfmt::Serial{}.for_each_range(
        5, 2, [&](IndexRange range) { digits = digits * 100 + range.begin * 10 + range.end; });
    return digits;
  };
  static_assert(concatenated() == 22445);  // [0, 2) [2, 4) [4, 5)
}
