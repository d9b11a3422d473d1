// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <support/codes_of.hpp>
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
  /// The codes of the binary32 patterns first, first + step, ...
  CodesOf codes_of;
  std::uint32_t (*encode_float)(float);
  std::uint32_t (*encode_double)(double);
  float (*decode)(std::uint32_t);
};

using CodecKernels = std::vector<CodecKernel>;

}  // namespace qfmt::test
