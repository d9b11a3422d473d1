// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace qfmt::test {

/// A function of binary32 patterns, many at once: the codes of first, first + step, ...
using CodesOf = void (*)(std::uint32_t first, std::uint32_t count, std::uint32_t step,
                         std::uint32_t* codes);

/// The body of such a function. The inner loop has a fixed length, which compilers vectorize at -O2
/// as well.
#define QFMT_TEST_FILL_CODES(first, count, step, codes, expression)  \
  std::uint32_t done = 0;                                            \
  for (; done + 256 <= (count); done += 256) {                       \
    for (std::uint32_t i = 0; i < 256; ++i)                          \
      (codes)[done + i] = expression((first) + (done + i) * (step)); \
  }                                                                  \
  for (; done < (count); ++done) (codes)[done] = expression((first) + done * (step))

}  // namespace qfmt::test
