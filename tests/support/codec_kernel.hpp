// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <support/oracle.hpp>
#include <vector>

// The codec of one format, one rounding mode and one overflow mode, behind plain functions:
// translation units compiled in different ways each hand out such a table, and one driver checks
// all of them.

namespace qfmt::test {

struct CodecKernel {
  char const* format;
  oracle::Mode mode;
  bool to_special;
  /// Of the `count` binary32 patterns first, first + step, ..., how many do not encode to
  /// `expected`.
  std::uint32_t (*mismatches)(std::uint32_t first, std::uint32_t count, std::uint32_t step,
                              std::uint32_t expected);
  std::uint32_t (*encode_float)(float);
  std::uint32_t (*encode_double)(double);
  float (*decode)(std::uint32_t);
};

using CodecKernels = std::vector<CodecKernel>;

}  // namespace qfmt::test
