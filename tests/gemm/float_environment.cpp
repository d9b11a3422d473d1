// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <gemm/environments.hpp>
#include <qfmt/gemm/float_environment.hpp>
#include <vector>

using namespace qfmt;

namespace {

// What the processor does, asked through values that the compiler cannot see.
bool rounds_to_nearest() {
  volatile float const one = 1.0f, tiny = 0x1p-30f;
  volatile float const up = one + tiny, down = -one - tiny;
  return up == 1.0f && down == -1.0f;
}
bool keeps_subnormals() {
  volatile float const small = 0x1p-126f, half = 0.5f, subnormal = 0x1p-149f, large = 0x1p30f;
  volatile float const result = small * half, input = subnormal * large;
  return result != 0.0f && input != 0.0f;
}

}  // namespace

TEST_CASE("the default environment holds inside and the caller's comes back") {
  for (auto const& environment : test::environments()) {
    CAPTURE(environment.name);
    test::InEnvironment const caller{environment};
    bool const nearest = rounds_to_nearest();
    bool const subnormals = keeps_subnormals();
    CHECK(nearest == environment.nearest);
    CHECK(subnormals == environment.subnormals);
    {
      DefaultFloatEnvironment const inside;
      CHECK(rounds_to_nearest());
      CHECK(keeps_subnormals());
      CHECK(std::fegetround() == FE_TONEAREST);
    }
    CHECK(rounds_to_nearest() == nearest);
    CHECK(keeps_subnormals() == subnormals);
    CHECK(std::fegetround() == environment.rounding);
  }
}

TEST_CASE("a rounding mode that is set inside does not stay") {
  for (auto const& environment : test::environments()) {
    CAPTURE(environment.name);
    test::InEnvironment const caller{environment};
    bool const nearest = rounds_to_nearest();
    {
      DefaultFloatEnvironment const inside;
      std::fesetround(FE_DOWNWARD);
      CHECK_FALSE(rounds_to_nearest());
    }
    CHECK(std::fegetround() == environment.rounding);
    CHECK(rounds_to_nearest() == nearest);
  }
}

TEST_CASE("exception flags are the caller's") {
  std::feclearexcept(FE_ALL_EXCEPT);
  std::feraiseexcept(FE_OVERFLOW);
  {
    DefaultFloatEnvironment const inside;
    std::feraiseexcept(FE_DIVBYZERO);
  }
  CHECK(std::fetestexcept(FE_ALL_EXCEPT & ~FE_INEXACT) == FE_OVERFLOW);
  std::feclearexcept(FE_ALL_EXCEPT);
}

TEST_CASE("exception flags are the caller's: those of the stack, and in an environment that is not the default") {
  for (auto const& environment : test::environments()) {
    CAPTURE(environment.name);
    test::InEnvironment const caller{environment};
    for (int const before : {0, FE_DIVBYZERO, FE_OVERFLOW | FE_INVALID}) {
      std::feclearexcept(FE_ALL_EXCEPT);
      std::feraiseexcept(before);
      int const raised = std::fetestexcept(FE_ALL_EXCEPT);
      {
        DefaultFloatEnvironment const inside;
        volatile long double zero = 0.0L, one = 1.0L;
        volatile long double const infinite = one / zero;
        volatile double narrow_zero = 0.0;
        volatile double const nan = narrow_zero / narrow_zero;
        CHECK((infinite > one && nan != nan));
      }
      CHECK(std::fetestexcept(FE_ALL_EXCEPT) == raised);
      std::feclearexcept(FE_ALL_EXCEPT);
    }
  }
}

TEST_CASE("an executor in the default environment sets it for each range") {
  for (auto const& environment : test::environments()) {
    CAPTURE(environment.name);
    test::InEnvironment const caller{environment};
    Serial const serial;
    InDefaultEnvironment const executor{serial};
    std::vector<int> fine;
    executor.for_each_range(5, 2, [&](IndexRange range) {
      fine.push_back(rounds_to_nearest() && keeps_subnormals() ? static_cast<int>(range.end - range.begin) : 0);
    });
    CHECK(fine == std::vector<int>{2, 2, 1});
    CHECK(std::fegetround() == environment.rounding);
  }
}
