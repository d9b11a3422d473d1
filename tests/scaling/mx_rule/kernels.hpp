// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <support/code_runs.hpp>
#include <vector>

/// The rules for the scale of one element format, behind plain functions.
struct ScaleRuleKernel {
  char const* format;
  std::vector<char const*> rules;
  qfmt::test::Differ differ;  // one word for each rule
};

std::vector<ScaleRuleKernel> scale_rule_kernels();
