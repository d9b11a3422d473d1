// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <atomic>
#include <doctest/doctest.h>
#include <vector>

#include <qfmt/calibration/erased_executor.hpp>
#include <qfmt/exec/thread_pool.hpp>

using namespace qfmt;
using calibration::ErasedExecutor;

namespace {

void check_covers(ErasedExecutor const& executor) {
  for (index_t const count : {0, 1, 7, 100}) {
    std::vector<std::atomic<int>> seen(static_cast<std::size_t>(count));
    executor.for_each_range(count, 8, [&](IndexRange range) {
      CHECK_FALSE(range.end - range.begin > 8);
      for (index_t i = range.begin; i < range.end; ++i) ++seen[static_cast<std::size_t>(i)];
    });
    for (auto const& times : seen) CHECK(times == 1);
  }
}

}  // namespace

TEST_CASE("an erased executor covers every index once") {
  check_covers({});
  ThreadPool pool{3};
  check_covers(ErasedExecutor{pool});
  Serial const serial;
  check_covers(ErasedExecutor{serial});
}
