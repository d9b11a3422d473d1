// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <doctest/doctest.h>
#include <span>
#include <sys/mman.h>
#include <unistd.h>

namespace qfmt::test {

/// Memory between two pages that may not be touched: whoever reads or writes outside of it is
/// stopped, to the byte at the end that it is asked to lie at.
class Guarded {
 public:
  enum class At : std::uint8_t { begin, end };

  explicit Guarded(std::size_t capacity)
      : page_{static_cast<std::size_t>(sysconf(_SC_PAGESIZE))},
        inner_{(capacity + page_ - 1) / page_ * page_} {
    void* const memory = mmap(nullptr, inner_ + 2 * page_, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    base_ = static_cast<std::byte*>(memory);
    REQUIRE(mprotect(base_, page_, PROT_NONE) == 0);
    REQUIRE(mprotect(base_ + page_ + inner_, page_, PROT_NONE) == 0);
  }
  ~Guarded() { munmap(base_, inner_ + 2 * page_); }
  Guarded(Guarded const&) = delete;
  Guarded& operator=(Guarded const&) = delete;

  /// `count` elements right before the page behind, or `skipped` elements after the page in front.
  template <class T>
  std::span<T> place(At at, std::size_t count, std::size_t skipped = 0) {
    std::byte* const inside = base_ + page_;
    std::byte* const first =
        at == At::begin ? inside + skipped * sizeof(T) : inside + inner_ - count * sizeof(T);
    return {reinterpret_cast<T*>(first), count};
  }
  [[nodiscard]] std::span<std::byte> everything() { return {base_ + page_, inner_}; }

 private:
  std::size_t page_;
  std::size_t inner_;
  std::byte* base_ = nullptr;
};

}  // namespace qfmt::test
