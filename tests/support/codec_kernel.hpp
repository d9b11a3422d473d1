// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <support/code_runs.hpp>
#include <support/oracle.hpp>
#include <vector>

// The codecs of formats behind plain functions: translation units compiled in different ways each
// hand out such a table, and one driver checks all of them.

namespace qfmt::test {

/// A format in one rounding mode and one overflow mode.
struct Codec {
  oracle::Mode mode;
  bool to_special;
  std::uint32_t (*encode_float)(float);
  std::uint32_t (*encode_double)(double);
};

/// A format in all its rounding modes. A word of `differ` is the saturating code of one mode and,
/// in the high half, the code that overflows to special values.
struct CodecKernel {
  char const* format;
  std::vector<oracle::Mode> modes;
  Differ differ;
  float (*decode)(std::uint32_t);
  std::vector<Codec> codecs;  // of each mode: saturating, to special
};

using CodecKernels = std::vector<CodecKernel>;

inline std::string describe(CodecKernel const& kernel, std::size_t column) {
  return std::string{kernel.format} + ", " + oracle::name(kernel.modes[column / 2]) +
         (column % 2 == 1 ? ", to special" : ", saturating");
}

/// What the codes of one format must be, mode by mode, saturating and to special.
inline std::vector<std::vector<CodeRun>> code_columns(oracle::Facts const& facts,
                                                      std::vector<oracle::Mode> const& modes) {
  std::vector<std::vector<CodeRun>> columns;
  for (oracle::Mode const mode : modes) {
    for (bool const to_special : {false, true}) {
      std::vector<CodeRun>& runs = columns.emplace_back();
      for (auto const& interval : oracle::Encoder{facts, mode, to_special}.intervals())
        runs.push_back({interval.first, interval.count, interval.code});
    }
  }
  return columns;
}

}  // namespace qfmt::test
