// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <ucontext.h>
#include <vector>

#include <qfmt/core/random.hpp>
#include <qfmt/cuda/ptx/threads.cuh>

namespace qfmt::test {

/// In which order the threads of a block take their turns between barriers: warp by warp, each as far
/// ahead as it gets, from the first or from the last; or thread by thread, in any order. What a kernel
/// writes must not depend on it: where it does, a barrier is missing.
enum class Order { forward, backward, shuffled };

inline constexpr Order all_orders[] = {Order::forward, Order::backward, Order::shuffled};

/// The threads of cuda/ptx/threads.cuh on the host: each thread of a block is a context of its own,
/// which gives way at sync() and exchange(). Shared memory starts as bytes of 0xA5.
class EmulatedThreads {
 public:
  [[nodiscard]] static int thread() { return block_->running; }
  [[nodiscard]] static int threads() { return static_cast<int>(block_->threads.size()); }
  [[nodiscard]] static unsigned block_x() { return block_->x; }
  [[nodiscard]] static unsigned block_y() { return block_->y; }
  [[nodiscard]] static unsigned blocks_x() { return block_->grid.x; }
  [[nodiscard]] static unsigned blocks_y() { return block_->grid.y; }
  static void sync() { wait(block_->whole); }
  [[nodiscard]] static std::uint32_t exchange(std::uint32_t x, int distance) {
    int const me = thread();
    Thread& thread = block_->threads[static_cast<std::size_t>(me)];
    int const turn = thread.exchanges++ % 2;  // the turn before may still be read
    thread.offered[turn] = x;
    wait(block_->warps[static_cast<std::size_t>(me / cuda::warp_size)]);
    return block_->threads[static_cast<std::size_t>(me ^ distance)].offered[turn];
  }

  /// What all lanes of the warp show, for an instruction of the whole warp: `use(shown)`, in which
  /// `shown(lane)` is what that lane gave. All lanes call it.
  template <class T, class Use>
  static void with_warp(T const& mine, Use&& use) {
    int const me = thread();
    Barrier& warp = block_->warps[static_cast<std::size_t>(me / cuda::warp_size)];
    block_->threads[static_cast<std::size_t>(me)].shown = &mine;
    wait(warp);
    use([first = me / cuda::warp_size * cuda::warp_size](int lane) -> T const& {
      return *static_cast<T const*>(block_->threads[static_cast<std::size_t>(first + lane)].shown);
    });
    wait(warp);
  }

  /// Runs every thread of every block, block after block. False if threads wait for others that do
  /// not come.
  template <class Body>
  static bool launch(Body const& body, cuda::Grid grid, int threads, Order order) {
    for (unsigned y = 0; y < grid.y; ++y) {
      for (unsigned x = 0; x < grid.x; ++x) {
        alignas(typename Body::Shared) std::byte shared[sizeof(typename Body::Shared)];
        std::memset(shared, 0xA5, sizeof(shared));
        Block block{grid, x, y, threads};
        block.body = [](void const* kernel, void* memory) {
          static_cast<Body const*>(kernel)->template operator()<EmulatedThreads>(
              *static_cast<typename Body::Shared*>(memory));
        };
        block.kernel = &body;
        block.shared = shared;
        if (!run(block, order))
          return false;
      }
    }
    return true;
  }

 private:
  struct Barrier {
    int needed = cuda::warp_size;
    int arrived = 0;
    int opened = 0;
  };
  struct Thread {
    ucontext_t context;
    std::unique_ptr<char[]> stack;
    std::uint32_t offered[2] = {};
    void const* shown = nullptr;
    int exchanges = 0;
    bool done = false;
  };
  struct Block {
    Block(cuda::Grid g, unsigned bx, unsigned by, int count)
        : grid{g},
          x{bx},
          y{by},
          threads(static_cast<std::size_t>(count)),
          warps(static_cast<std::size_t>((count + cuda::warp_size - 1) / cuda::warp_size)) {
      whole.needed = count;
    }
    cuda::Grid grid;
    unsigned x;
    unsigned y;
    std::vector<Thread> threads;
    std::vector<Barrier> warps;
    Barrier whole;
    ucontext_t scheduler;
    int running = 0;
    bool progress = false;
    void (*body)(void const*, void*) = nullptr;
    void const* kernel = nullptr;
    void* shared = nullptr;
  };

  static constexpr std::size_t stack_bytes = 64 * 1024;
  static inline Block* block_ = nullptr;

  static void give_way() {
    swapcontext(&block_->threads[static_cast<std::size_t>(thread())].context, &block_->scheduler);
  }
  static void wait(Barrier& barrier) {
    int const opened = barrier.opened;
    if (++barrier.arrived == barrier.needed) {
      barrier.arrived = 0;
      ++barrier.opened;
      block_->progress = true;
    }
    while (barrier.opened == opened) give_way();
  }
  static void start() {
    block_->body(block_->kernel, block_->shared);
    block_->threads[static_cast<std::size_t>(thread())].done = true;
    block_->progress = true;
  }

  static bool run(Block& block, Order order) {
    block_ = &block;
    for (Thread& thread : block.threads) {
      thread.stack.reset(new char[stack_bytes]);
      getcontext(&thread.context);
      thread.context.uc_stack.ss_sp = thread.stack.get();
      thread.context.uc_stack.ss_size = stack_bytes;
      thread.context.uc_link = &block.scheduler;
      makecontext(&thread.context, start, 0);
    }
    std::vector<int> turns(block.threads.size());
    std::iota(turns.begin(), turns.end(), 0);
    if (order == Order::backward)
      std::reverse(turns.begin(), turns.end());
    // Forward and backward, a warp runs as far as it gets before the next one starts.
    std::size_t const together =
        order == Order::shuffled ? turns.size() : static_cast<std::size_t>(cuda::warp_size);
    Philox const random{1};
    for (std::uint64_t round = 0;; ++round) {
      for (std::size_t i = turns.size(); order == Order::shuffled && i > 1; --i)
        std::swap(turns[i - 1], turns[random(i, round) % i]);
      bool progress = false;
      for (std::size_t first = 0; first < turns.size(); first += together) {
        do {
          block.progress = false;
          for (std::size_t i = first; i < std::min(first + together, turns.size()); ++i) {
            Thread& thread = block.threads[static_cast<std::size_t>(turns[i])];
            if (thread.done)
              continue;
            block.running = turns[i];
            swapcontext(&block.scheduler, &thread.context);
          }
          progress = progress || block.progress;
        } while (block.progress && order != Order::shuffled);
      }
      if (std::all_of(block.threads.begin(), block.threads.end(),
                      [](Thread const& thread) { return thread.done; }))
        return true;
      if (!progress)
        return false;
    }
  }
};

}  // namespace qfmt::test
