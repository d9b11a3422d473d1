// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <qfmt/core/parallel.hpp>

namespace qfmt {

/// An executor with threads of its own. The calling thread works too; ranges are handed out one by
/// one from a counter, so a thread that the system takes away delays only the range it holds.
///
///     ThreadPool pool;                       // a thread for each core
///     gemm(x, w.view(), y, {}, pool);
///
/// A call from inside a body, and a call while another thread uses the pool, run serially on their
/// own thread: nothing waits for anything that waits for it. Idle threads look for work for
/// spin_time and then sleep.
///
/// Bodies must not throw: an exception, std::bad_alloc too, ends the program. Where the system refuses
/// a thread, the pool works with those it has; without exceptions the program ends then, as
/// std::thread decides.
class ThreadPool {
 public:
  static constexpr std::chrono::microseconds spin_time{30};

  /// `threads` includes the calling thread; 0 asks for one for each core.
  explicit ThreadPool(int threads = 0) {
    if (threads <= 0)
      threads = static_cast<int>(std::thread::hardware_concurrency());
    if (threads > most_threads)
      threads = most_threads;
    workers_.reserve(static_cast<std::size_t>(threads));
    QFMT_TRY {
      for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
    }
    QFMT_CATCH(std::system_error const&) {}
  }

  ~ThreadPool() {
    {
      std::lock_guard const lock{mutex_};
      stopping_.store(true);
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  ThreadPool(ThreadPool const&) = delete;
  ThreadPool& operator=(ThreadPool const&) = delete;

  /// The calling thread included.
  [[nodiscard]] int threads() const noexcept { return static_cast<int>(workers_.size()) + 1; }

  /// See Executor.
  template <class Body>
  void for_each_range(index_t count, index_t grain, Body&& body) {
    // Behind a pointer, so that the body is compiled once for all threads and for the serial way.
    auto const call = [&body](IndexRange range) { body(range); };
    Job const job{[](void const* context, IndexRange range) {
                    (*static_cast<decltype(call) const*>(context))(range);
                  },
                  &call, count, grain};
    if (workers_.empty() || count <= grain || busy_.exchange(true, std::memory_order_acquire)) {
      Serial{}.for_each_range(count, grain,
                              [&job](IndexRange range) { job.call(job.context, range); });
      return;
    }
    job_ = job;
    run();
    busy_.store(false, std::memory_order_release);
  }

 private:
  struct Job {
    void (*call)(void const* context, IndexRange range) = nullptr;
    void const* context = nullptr;
    index_t count = 0;
    index_t grain = 1;
  };

  // state_ tells whether there is a job, which one, and how many workers are in it:
  //
  //     nnnn nnnn ... nnnn nnnn | o | wwww wwww wwww wwww
  //     number of the job        open  workers inside
  //
  // A worker enters an open job by adding 1, and leaves by subtracting it. The caller closes the
  // job when no range is left, and waits for those inside only: a worker that has not woken up by
  // then is not waited for. job_ changes only while the job is closed and nobody is inside.
  static constexpr int most_threads = 0x8000;
  static constexpr uint64_t inside_mask = 0xFFFF;
  static constexpr uint64_t open_bit = 0x10000;
  static constexpr uint64_t next_job = 0x20000;

  /// Looks at `ready` for spin_time.
  template <class Ready>
  static bool spin(Ready const& ready) {
    auto const end = std::chrono::steady_clock::now() + spin_time;
    do {
      if (ready())
        return true;
    } while (std::chrono::steady_clock::now() < end);
    return false;
  }

  void take_ranges() noexcept {
    Job const job = job_;
    for (;;) {
      index_t const begin = next_.fetch_add(1, std::memory_order_relaxed) * job.grain;
      if (begin >= job.count)
        return;
      index_t const end = job.count - begin < job.grain ? job.count : begin + job.grain;
      job.call(job.context, {begin, end});
    }
  }

  void run() {
    next_.store(0, std::memory_order_relaxed);
    uint64_t const number =
        (state_.load(std::memory_order_relaxed) & ~(open_bit | inside_mask)) + next_job;
    state_.store(number | open_bit);
    if (sleepers_.load() > 0) {
      { std::lock_guard const lock{mutex_}; }
      index_t const wanted = ceil_div(job_.count, job_.grain) - 1;
      if (wanted < static_cast<index_t>(workers_.size())) {
        for (index_t i = 0; i < wanted; ++i) wake_.notify_one();
      } else {
        wake_.notify_all();
      }
    }
    take_ranges();
    state_.fetch_and(~open_bit);
    auto const left = [this] { return (state_.load() & inside_mask) == 0; };
    if (spin(left))
      return;
    std::unique_lock lock{mutex_};
    done_.wait(lock, left);
  }

  void work() {
    uint64_t seen = 0;  // the number of the last job that this worker was in
    auto const something = [&] {
      uint64_t const state = state_.load();
      return stopping_.load() ||
             ((state & open_bit) != 0 && (state & ~(open_bit | inside_mask)) != seen);
    };
    for (;;) {
      if (!spin(something)) {
        std::unique_lock lock{mutex_};
        sleepers_.fetch_add(1);
        wake_.wait(lock, something);
        sleepers_.fetch_sub(1);
      }
      if (stopping_.load())
        return;
      uint64_t state = state_.load();
      while ((state & open_bit) != 0 && !state_.compare_exchange_weak(state, state + 1)) {
      }
      if ((state & open_bit) == 0)
        continue;  // too late
      seen = state & ~(open_bit | inside_mask);
      take_ranges();
      // The last one out of a closed job tells the caller. The lock keeps the caller from missing
      // it between looking and sleeping.
      uint64_t const before = state_.fetch_sub(1);
      if ((before & (open_bit | inside_mask)) == 1) {
        { std::lock_guard const lock{mutex_}; }
        done_.notify_one();
      }
    }
  }

  Job job_;
  std::atomic<bool> busy_{false};
  alignas(64) std::atomic<index_t> next_{0};
  alignas(64) std::atomic<uint64_t> state_{0};
  std::atomic<int> sleepers_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::vector<std::thread> workers_;  // last: they use everything above
};

static_assert(Executor<ThreadPool>);

}  // namespace qfmt
