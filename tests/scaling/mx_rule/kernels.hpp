// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <support/codes_of.hpp>
#include <vector>

/// One rule for the scale of one element format, behind plain functions.
struct ScaleRuleKernel {
  char const* format;
  char const* rule;
  /// The codes of the magnitudes first, first + step, ... (bits of binary32).
  qfmt::test::CodesOf codes_of;
  std::uint32_t (*code)(float amax);
};

std::vector<ScaleRuleKernel> scale_rule_kernels();
