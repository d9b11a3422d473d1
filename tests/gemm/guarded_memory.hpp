// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <cstring>
#include <qfmt/core/matrix_view.hpp>
#include <sys/mman.h>
#include <unistd.h>

namespace qfmt::test {

/// `count` elements with a page in front and one behind that nobody may touch: a read or write
/// outside ends the program. The elements touch the page behind, or the one in front.
template <class T>
class GuardedMemory {
 public:
  enum class Touch { behind, in_front };

  explicit GuardedMemory(index_t count, Touch touch = Touch::behind) {
    auto const page = static_cast<index_t>(sysconf(_SC_PAGESIZE));
    index_t const bytes = count * static_cast<index_t>(sizeof(T));
    index_t const inside = round_up(bytes, page);
    size_ = static_cast<std::size_t>(inside + 2 * page);
    void* const mapped = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) std::abort();
    base_ = static_cast<unsigned char*>(mapped);
    if (mprotect(base_, static_cast<std::size_t>(page), PROT_NONE) != 0 ||
        mprotect(base_ + page + inside, static_cast<std::size_t>(page), PROT_NONE) != 0)
      std::abort();
    data_ = reinterpret_cast<T*>(base_ + page + (touch == Touch::behind ? inside - bytes : 0));
  }
  GuardedMemory(T const* from, index_t count, Touch touch = Touch::behind) : GuardedMemory{count, touch} {
    if (count > 0) std::memcpy(data_, from, static_cast<std::size_t>(count) * sizeof(T));
  }
  ~GuardedMemory() { munmap(base_, size_); }
  GuardedMemory(GuardedMemory const&) = delete;
  GuardedMemory& operator=(GuardedMemory const&) = delete;

  [[nodiscard]] T* data() const { return data_; }

 private:
  unsigned char* base_ = nullptr;
  std::size_t size_ = 0;
  T* data_ = nullptr;
};

}  // namespace qfmt::test
