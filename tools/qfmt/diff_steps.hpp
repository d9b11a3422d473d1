// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <qfmt/core/shape.hpp>
#include <qfmt/io/dtype.hpp>
#include <qfmt/scaling/global_scale.hpp>

namespace qfmt::tool {

/// What a profile does to a tensor of one type under one scheme, step by step, behind functions:
/// any two profiles can then be compared by one loop that is compiled once.
struct Steps {
  GlobalScale (*tensor_scale)(float amax);  ///< null: the scheme has no scale for the tensor
  uint32_t (*scale)(float amax, GlobalScale tensor);
  float (*scale_value)(uint32_t scale, GlobalScale tensor);  ///< the number that codes stand for
  float (*prepare)(uint32_t scale, GlobalScale tensor);
  float (*quotient)(float x, float prepared);
  uint32_t (*code)(float quotient);
  float (*code_value)(uint32_t code);
  int scale_digits;  ///< hexadecimal digits of a scale as it is stored
  int code_digits;
};

/// The tile of a matrix that shares a scale, whole matrices given as their shape.
struct DiffScheme {
  char const* name;
  Shape (*tile)(Shape matrix);
};

/// The schemes that `qfmt diff` knows, under the names of presets: their weights.
std::vector<DiffScheme> const& diff_schemes();

/// The names of all profiles, in the order of docs/profiles.md.
std::vector<std::string> profile_names();

/// The steps of one of the schemes under one of the profiles, for F32, BF16 or F16; null for other
/// types.
Steps const* find_steps(std::string const& scheme, std::string const& profile, io::Dtype dtype);

}  // namespace qfmt::tool
