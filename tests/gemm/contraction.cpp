// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The products as a program gets them that is compiled for a machine with fused multiply-add, where
// g++ contracts by default. The library has another name here, so that its inline functions are not
// merged with those of the rest of the program.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <doctest/doctest.h>
#include <support/environment.hpp>
#include <type_traits>

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)

namespace test_support = qfmt::test;

#define qfmt qfmt_contracted
#pragma GCC target("fma")
#pragma GCC optimize("O2", "fp-contract=fast")
#include <qfmt/gemm/lanes.hpp>

namespace {

__attribute__((noinline)) float contracted(float sum, float a, float b) { return sum + a * b; }
__attribute__((noinline)) float kept(float sum, float a, float b) { return qfmt::plus_product(sum, a, b); }
__attribute__((noinline)) float kept_in_lanes(float sum, float a, float b) {
  using qfmt::Lanes;
  float out[4];
  Lanes::broadcast(sum).plus_product(Lanes::broadcast(a), Lanes::broadcast(b)).store(out);
  return out[3];
}

}  // namespace

TEST_CASE("no contraction, even when compiled for a machine that fuses") {
  if (!__builtin_cpu_supports("fma")) {
    test_support::skip("this processor has no fused multiply-add");
    return;
  }
  float volatile a = 1.0f + 0x1p-12f;  // not for the compiler to compute with
  float volatile sum = -(1.0f + 0x1p-11f);
  CHECK(contracted(sum, a, a) == 0x1p-24f);  // or this test could not fail
  CHECK(kept(sum, a, a) == 0.0f);
  CHECK(kept_in_lanes(sum, a, a) == 0.0f);
}

#else

TEST_CASE("no contraction, even when compiled for a machine that fuses") {
  qfmt::test::skip("needs g++ on x86-64");
}

#endif
