// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cfenv>
#include <vector>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

// Floating-point environments that a caller might be in.

namespace qfmt::test {

struct Environment {
  char const* name;
  int rounding = FE_TONEAREST;
  unsigned flush = 0;  // bits of MXCSR
  bool nearest = true;
  bool subnormals = true;
};

inline std::vector<Environment> environments() {
  return {
      {.name = "default"},
      {.name = "upward", .rounding = FE_UPWARD, .nearest = false},
      {.name = "downward", .rounding = FE_DOWNWARD, .nearest = false},
      {.name = "toward zero", .rounding = FE_TOWARDZERO},  // 1 + tiny is 1 here too
#if defined(__SSE2__)
      {.name = "FTZ", .flush = 0x8000, .subnormals = false},
      {.name = "DAZ", .flush = 0x0040, .subnormals = false},
      {.name = "FTZ, DAZ, upward", .rounding = FE_UPWARD, .flush = 0x8040, .nearest = false, .subnormals = false},
#endif
  };
}

/// In that environment while it lives.
class InEnvironment {
 public:
  explicit InEnvironment(Environment const& e) {
    std::fegetenv(&saved_);
    std::fesetround(e.rounding);
#if defined(__SSE2__)
    _mm_setcsr(_mm_getcsr() | e.flush);
#endif
  }
  ~InEnvironment() { std::fesetenv(&saved_); }
  InEnvironment(InEnvironment const&) = delete;
  InEnvironment& operator=(InEnvironment const&) = delete;

 private:
  std::fenv_t saved_;
};

}  // namespace qfmt::test
