// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <support/code_runs.hpp>
#include <support/environment.hpp>
#include <vector>

#include <qfmt/io/sha256.hpp>

namespace qfmt::test {

/// What identifies a function of patterns, given its runs in order: the first 16 hexadecimal digits
/// of SHA-256 over its steps. For each pattern whose code is not that of the pattern before (0 is
/// always one), they are the pattern, 4 bytes, and the code, 2 bytes, lowest byte first.
inline std::string digest(std::vector<CodeRun> const& runs) {
  io::Sha256 sha;
  std::uint32_t last = ~std::uint32_t{0};
  for (CodeRun const& run : runs) {
    if (run.code == last)
      continue;
    last = run.code;
    std::array<char, 6> step;
    for (std::size_t i = 0; i < 4; ++i) step[i] = static_cast<char>(run.first >> (8 * i) & 0xFF);
    for (std::size_t i = 0; i < 2; ++i) step[4 + i] = static_cast<char>(run.code >> (8 * i) & 0xFF);
    sha.update(std::string_view{step.data(), step.size()});
  }
  return sha.hex().substr(0, 16);
}

/// The text of docs/qfmt-conformance.json, which an exhaustive run wrote; empty if it is not there.
inline std::string certificate() {
  std::ifstream file{fixtures() / "../../docs/qfmt-conformance.json"};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace qfmt::test
