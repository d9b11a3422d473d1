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
/// musl; tested).
class DefaultFloatEnvironment {
 public:
  DefaultFloatEnvironment() noexcept {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultFloatEnvironment() { std::fesetenv(&saved_); }
  DefaultFloatEnvironment(DefaultFloatEnvironment const&) = delete;
  DefaultFloatEnvironment& operator=(DefaultFloatEnvironment const&) = delete;

 private:
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
