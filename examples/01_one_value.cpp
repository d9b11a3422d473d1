// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// One value: what a format does with a number, at compile time and at run time.

#include <cstdio>
#include <initializer_list>

#include <qfmt/formats/all.hpp>

using namespace qfmt;

// 2.6 lies between 2 and 3 in E2M1; 5 lies exactly between 4 and 6 and goes to the even code.
static_assert(decode(encode<E2M1>(2.6f)) == 3.0f);
static_assert(decode(encode<E2M1>(5.0f)) == 4.0f);
static_assert(decode(encode<E2M1, TowardZero>(5.9f)) == 4.0f);
// Too large: the largest value, or the special one if asked for.
static_assert(decode(encode<E4M3>(1e6f)) == 448.0f);
static_assert(encode<E5M2, NearestEven, ToSpecial>(1e6f).bits == 0x7C);  // infinity
// A double is rounded once, directly: this one is above a tie that rounding to float first would
// hit.
static_assert(encode<E4M3>(1.0625 * (1 + 0x1p-40)).bits == 0x39);

int main() {
  std::printf("%8s", "x");
  auto const formats = TypeList<E2M1, E2M3, E3M2, E4M3, E5M2, INT4, NF4>{};
  formats.for_each([]<class F>() { std::printf("%14s", F::name); });
  for (float const x : {0.05f, 0.3f, 1.1f, 2.6f, 5.0f, 7.25f, 100.0f}) {
    std::printf("\n%8g", static_cast<double>(x));
    formats.for_each([x]<class F>() {
      Code<F> const code = encode<F>(x);
      std::printf("%10g %02xh", static_cast<double>(decode(code)),
                  static_cast<unsigned>(code.bits));
    });
  }
  std::printf("\n");
  return 0;
}
