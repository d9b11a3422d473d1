// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <support/laws/quantize_laws.hpp>
#include <vector>

// Every scheme of the presets, once each and with its type forgotten, so that a table of tests runs
// over all of them and each is compiled once for this whole executable.

namespace qfmt::test {

struct SchemeCase {
  std::string name;  // of the first preset that has it: "W4A16 weights", "FP8_DYNAMIC input"
  bool is_weight;
  bool is_local;
  laws::AnyQuantizer quantize;  // a local scheme is calibrated on the matrix itself first
  std::vector<double> levels;   // what the codes mean, ascending
};

/// The schemes of preset::All: weights first, in the order of the presets.
std::vector<SchemeCase> const& every_scheme();

/// Defined for each scheme in one of every_scheme/*.cpp. A preset with a new one does not link
/// until its scheme is listed there.
template <class S>
SchemeCase case_of(std::string name, bool is_weight);

}  // namespace qfmt::test
