// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace qfmt {

/// Allocates memory for weights, which a product with one token reads from end to end, and faster
/// from large pages: large arrays begin at a multiple of 2 MiB, and Linux is asked for pages of that
/// size. It is a wish; nothing depends on its being granted.
template <class T>
struct LargePageAllocator {
  using value_type = T;
  static constexpr std::size_t page = std::size_t{1} << 21;
  static constexpr std::size_t large = 2 * page;  ///< bytes from which on an array is large

  LargePageAllocator() = default;
  template <class U>
  constexpr LargePageAllocator(LargePageAllocator<U> const&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t n) {
    if (n > static_cast<std::size_t>(-1) / 2 / sizeof(T))
      throw std::bad_array_new_length{};
    void* const memory = ::operator new(n * sizeof(T), alignment(n));
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (n * sizeof(T) >= large)
      static_cast<void>(::madvise(memory, n * sizeof(T), MADV_HUGEPAGE));
#endif
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t n) noexcept {
    ::operator delete(memory, alignment(n));
  }

  friend constexpr bool operator==(LargePageAllocator, LargePageAllocator) noexcept {
    return true;
  }

 private:
  [[nodiscard]] static std::align_val_t alignment(std::size_t n) noexcept {
    return std::align_val_t{n * sizeof(T) >= large ? page : alignof(T)};
  }
};

}  // namespace qfmt
