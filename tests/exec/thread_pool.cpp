// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <algorithm>
#include <qfmt/exec/thread_pool.hpp>
#include <set>
#include <support/laws/expect.hpp>

using namespace qfmt;
using namespace qfmt::test;
using namespace std::chrono_literals;

namespace {

Violations covers(ThreadPool& pool) {
  Violations found{"every index once, in ranges on the grid of the grain"};
  for (index_t const count : {0, 1, 2, 3, 7, 8, 9, 64, 65, 1000}) {
    for (index_t const grain : {1, 2, 3, 8, 64, 1001}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
      std::atomic<bool> on_grid{true};
      pool.for_each_range(count, grain, [&](IndexRange range) {
        bool const fits = range.begin % grain == 0 && range.begin < range.end && range.end - range.begin <= grain;
        if (!fits) on_grid = false;
        for (index_t i = range.begin; i < range.end; ++i) visits[static_cast<std::size_t>(i)]++;
      });
      bool const once = std::all_of(visits.begin(), visits.end(), [](auto const& v) { return v == 1; });
      found.expect(once && on_grid, [&] { return std::to_string(count) + " indices, grain " + std::to_string(grain); });
    }
  }
  return found;
}

index_t total(ThreadPool& pool, index_t count) {
  std::atomic<index_t> sum{0};
  pool.for_each_range(count, 1, [&](IndexRange range) { sum += range.begin; });
  return sum;
}

}  // namespace

TEST_CASE("the pool covers every index exactly once") {
  for (int const threads : {1, 2, 3, 8}) {
    ThreadPool pool{threads};
    CHECK(pool.threads() == threads);
    expect_held(covers(pool));
  }
  CHECK(ThreadPool{}.threads() >= 1);
  CHECK(ThreadPool{-3}.threads() == ThreadPool{}.threads());
}

TEST_CASE("ranges run at the same time") {
  ThreadPool pool{2};
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> arrived{0};
    pool.for_each_range(2, 1, [&](IndexRange) {
      arrived++;
      while (arrived < 2) std::this_thread::yield();  // for ever, if the other one did not start
    });
    CHECK(arrived == 2);
  }
}

TEST_CASE("a range that takes long holds up no other") {
  ThreadPool pool{2};
  std::atomic<int> others{0};
  pool.for_each_range(100, 1, [&](IndexRange range) {
    if (range.begin != 0) {
      others++;
      return;
    }
    while (others < 99) std::this_thread::yield();
  });
  CHECK(others == 99);
}

TEST_CASE("calls from inside a body run on its own thread") {
  ThreadPool pool{3};
  std::atomic<int> inner{0};
  std::atomic<bool> same_thread{true};
  pool.for_each_range(8, 1, [&](IndexRange) {
    auto const outer = std::this_thread::get_id();
    pool.for_each_range(8, 1, [&](IndexRange) {
      inner++;
      if (std::this_thread::get_id() != outer) same_thread = false;
      pool.for_each_range(2, 1, [&](IndexRange) { inner++; });
    });
  });
  CHECK(inner == 8 * 8 * 3);
  CHECK(same_thread);
}

TEST_CASE("several threads may use one pool") {
  ThreadPool pool{3};
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) wrong += total(pool, 50) == 50 * 49 / 2 ? 0 : 1;
    });
  }
  for (auto& caller : callers) caller.join();
  CHECK(wrong == 0);
}

TEST_CASE("more threads than cores, many small jobs") {
  ThreadPool pool{16};
  int wrong = 0;
  auto const start = std::chrono::steady_clock::now();
  for (int round = 0; round < 2000; ++round) wrong += total(pool, 20) == 20 * 19 / 2 ? 0 : 1;
  CHECK(wrong == 0);
  // Generous: two scheduler quanta for each job would be ten times as much.
  CHECK(std::chrono::steady_clock::now() - start < 30s);
}

TEST_CASE("threads that fell asleep wake up") {
  ThreadPool pool{2};
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(2ms);
    std::atomic<int> arrived{0};
    pool.for_each_range(2, 1, [&](IndexRange) {
      arrived++;
      while (arrived < 2) std::this_thread::yield();
    });
  }
}

TEST_CASE("what ranges wrote is seen by the caller") {
  ThreadPool pool{4};
  std::vector<int> out(1000);
  for (int round = 1; round < 200; ++round) {
    pool.for_each_range(1000, 10, [&](IndexRange range) {
      for (index_t i = range.begin; i < range.end; ++i) out[static_cast<std::size_t>(i)] = round;
    });
    CHECK(std::count(out.begin(), out.end(), round) == 1000);
  }
}

TEST_CASE("the work is shared") {
  ThreadPool pool{4};
  std::mutex mutex;
  std::set<std::thread::id> seen;
  for (int round = 0; round < 50 && seen.size() < 2; ++round) {
    pool.for_each_range(64, 1, [&](IndexRange) {
      std::this_thread::sleep_for(100us);
      std::lock_guard const lock{mutex};
      seen.insert(std::this_thread::get_id());
    });
  }
  CHECK(seen.size() >= 2);
  CHECK(seen.size() <= 4);
}

TEST_CASE("pools come and go") {
  for (int round = 0; round < 200; ++round) {
    ThreadPool pool{1 + round % 5};
    if (round % 2 == 0) CHECK(total(pool, 10) == 45);
  }
}
