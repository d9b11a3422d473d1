// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

/// One rule for the scale of one element format, behind plain functions.
struct ScaleRuleKernel {
  char const* format;
  char const* rule;
  /// Of the `count` magnitudes first, first + step, ... (bits of binary32), how many do not give
  /// `expected`.
  std::uint32_t (*mismatches)(std::uint32_t first, std::uint32_t count, std::uint32_t step,
                              std::uint32_t expected);
  std::uint32_t (*code)(float amax);
};

std::vector<ScaleRuleKernel> scale_rule_kernels();
