// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cfenv>

#include <qfmt/core/parallel.hpp>

namespace qfmt {

/// While it lives, this thread computes as IEEE 754 says by default: to nearest even, subnormals
/// kept (neither flushed nor read as zero), no traps. Then everything is as it was: rounding mode,
/// flush modes, trap masks and exception flags. What happens in between raises no flag that stays.
///
/// FE_DFL_ENV clears the flush modes too: FTZ and DAZ in x86's MXCSR, FZ in AArch64's FPCR (glibc,
/// musl; tested). On x86 reading and writing the whole environment is slow, so a thread whose control
/// words are the default ones keeps them.
class DefaultFloatEnvironment {
 public:
  DefaultFloatEnvironment() noexcept {
    if (is_default())
      return;
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultFloatEnvironment() {
#if defined(QFMT_X86)
    if (kept_) {
      if (status() != status_) {  // only what still calculates on the stack, as long double does
        std::feclearexcept(FE_ALL_EXCEPT);
        std::feraiseexcept(status_);
      }
      if (stack_control() != default_stack)
        asm volatile("fldcw %0" : : "m"(default_stack));
      __builtin_ia32_ldmxcsr(mxcsr_);
      return;
    }
#endif
    std::fesetenv(&saved_);
  }
  DefaultFloatEnvironment(DefaultFloatEnvironment const&) = delete;
  DefaultFloatEnvironment& operator=(DefaultFloatEnvironment const&) = delete;

 private:
#if defined(QFMT_X86)
  static constexpr uint16_t default_stack = 0x37F;

  /// Both control words: that of SSE, with its flags, and that of the x87 stack.
  [[nodiscard]] bool is_default() noexcept {
    constexpr uint32_t flags = 0x3F;
    mxcsr_ = __builtin_ia32_stmxcsr();
    status_ = status();
    kept_ = (mxcsr_ & ~flags) == 0x1F80 && stack_control() == default_stack;
    return kept_;
  }
  [[nodiscard]] static uint16_t stack_control() noexcept {
    uint16_t out = 0;
    asm volatile("fnstcw %0" : "=m"(out));
    return out;
  }
  [[nodiscard]] static int status() noexcept {
    uint16_t out = 0;
    asm volatile("fnstsw %0" : "=m"(out));
    return out & FE_ALL_EXCEPT;
  }

  bool kept_ = false;
  uint32_t mxcsr_ = 0;
  int status_ = 0;
#else
  [[nodiscard]] static bool is_default() noexcept {
    return false;
  }
#endif
  std::fenv_t saved_;
};

/// An executor that runs each range in the default environment, whatever the thread it falls to was
/// set to, and leaves that thread as it found it.
template <class E>
requires Executor<E>
class InDefaultEnvironment {
 public:
  explicit InDefaultEnvironment(E& executor) noexcept : executor_{executor} {}

  template <class Body>
  void for_each_range(index_t count, index_t grain, Body&& body) const {
    executor_.for_each_range(count, grain, [&body](IndexRange range) {
      DefaultFloatEnvironment const environment;
      body(range);
    });
  }

 private:
  E& executor_;
};

static_assert(Executor<InDefaultEnvironment<Serial const>>);

}  // namespace qfmt
