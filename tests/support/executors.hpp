// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include <qfmt/core/parallel.hpp>

// Executors that do what the concept allows and a kernel might not expect.

namespace qfmt::test {

/// Runs the ranges from the last to the first.
struct Reversed {
  template <class Body>
  void for_each_range(index_t count, index_t grain, Body&& body) const {
    for (index_t range = ceil_div(count, grain); range-- > 0;) {
      index_t const begin = range * grain;
      body(IndexRange{begin, begin + grain < count ? begin + grain : count});
    }
  }
};

/// Runs the ranges at the same time, on several threads that take turns as they happen to.
struct Threads {
  int count = 3;

  template <class Body>
  void for_each_range(index_t indices, index_t grain, Body&& body) const {
    std::atomic<index_t> next{0};
    auto const work = [&] {
      for (index_t begin = next.fetch_add(grain); begin < indices; begin = next.fetch_add(grain)) {
        body(IndexRange{begin, begin + grain < indices ? begin + grain : indices});
      }
    };
    std::vector<std::thread> threads;
    for (int i = 1; i < count; ++i) threads.emplace_back(work);
    work();
    for (auto& thread : threads) thread.join();
  }
};

static_assert(Executor<Reversed> && Executor<Threads>);

}  // namespace qfmt::test
