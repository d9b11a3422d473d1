// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Exchanges and reductions of a block, and the emulation that all tests of kernels rest on: it must
// see a missing barrier and threads that wait for one another.

#include <doctest/doctest.h>
#include <support/emulated_threads.hpp>
#include <vector>

#include <qfmt/cuda/ptx/threads.cuh>

using namespace qfmt;
using namespace qfmt::test;

namespace {

struct Nothing {};

/// Each thread's number in its group of `Lanes`, at most.
template <int Lanes>
struct LargestOfLanes {
  using Shared = Nothing;
  std::uint32_t* to;
  template <class Threads>
  void operator()(Shared&) const {
    auto const me = static_cast<std::uint32_t>(Threads::thread());
    to[me] = cuda::max_of_lanes<Threads, Lanes>(me * 7 % 32);
  }
};

struct SumOverBlock {
  struct Shared {
    std::uint32_t first[32];
    std::uint32_t second[32];
  };
  std::uint32_t* to;
  template <class Threads>
  void operator()(Shared& shared) const {
    auto const me = static_cast<std::uint32_t>(Threads::thread());
    auto const add = [](std::uint32_t a, std::uint32_t b) { return a + b; };
    std::uint32_t const sum = cuda::over_block<Threads>(me, 0, shared.first, add);
    to[Threads::block_x() * 96 + me] = cuda::over_block<Threads>(sum, 0, shared.second, add);
  }
};

/// Reads what another warp wrote, with or without waiting for it.
template <bool Waits>
struct Reverse {
  struct Shared {
    std::uint32_t word[64];
  };
  std::uint32_t* to;
  template <class Threads>
  void operator()(Shared& shared) const {
    int const me = Threads::thread();
    shared.word[me] = static_cast<std::uint32_t>(me);
    if constexpr (Waits)
      Threads::sync();
    to[me] = shared.word[63 - me];
  }
};

struct HalfWaits {
  using Shared = Nothing;
  template <class Threads>
  void operator()(Shared&) const {
    if (Threads::thread() < 32)
      Threads::sync();
  }
};

template <class Body>
bool same_in_every_order(std::size_t count) {
  std::vector<std::uint32_t> first;
  for (Order const order : all_orders) {
    std::vector<std::uint32_t> out(count);
    REQUIRE(EmulatedThreads::launch(Body{out.data()}, {}, static_cast<int>(count), order));
    if (first.empty())
      first = out;
    if (first != out)
      return false;
  }
  return true;
}

}  // namespace

TEST_CASE("cuda: the largest of neighbouring lanes") {
  std::vector<std::uint32_t> out(64);
  REQUIRE(EmulatedThreads::launch(LargestOfLanes<4>{out.data()}, {}, 64, Order::shuffled));
  for (std::uint32_t i = 0; i < 64; ++i) {
    std::uint32_t expected = 0;
    for (std::uint32_t j = i / 4 * 4; j < i / 4 * 4 + 4; ++j)
      expected = std::max(expected, j * 7 % 32);
    CHECK(out[i] == expected);
  }
}

TEST_CASE("cuda: a reduction over a block reaches all its threads, in every block") {
  for (Order const order : all_orders) {
    std::vector<std::uint32_t> out(2 * 96);
    REQUIRE(EmulatedThreads::launch(SumOverBlock{out.data()}, {2, 1}, 96, order));
    CHECK(out == std::vector<std::uint32_t>(2 * 96, 96 * 95 / 2 * 96));
  }
}

TEST_CASE("cuda: the emulation sees a missing barrier") {
  CHECK(same_in_every_order<Reverse<true>>(64));
  CHECK_FALSE(same_in_every_order<Reverse<false>>(64));
}

TEST_CASE("cuda: the emulation sees threads that wait for others in vain") {
  CHECK_FALSE(EmulatedThreads::launch(HalfWaits{}, {}, 64, Order::forward));
}
