// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

// What a test may ask about its surroundings.

namespace qfmt::test {

/// The files under tests/fixtures, committed with the tests.
inline std::filesystem::path fixtures() {
  return QFMT_TEST_FIXTURES;
}

/// The value of an environment variable, if it is set and not empty.
inline std::optional<std::string> environment(char const* name) {
  char const* const value = std::getenv(name);
  if (value == nullptr || *value == '\0')
    return std::nullopt;
  return value;
}

/// Optional data that is too large to commit: the folder named by QFMT_SHARED_DATA.
inline std::optional<std::filesystem::path> shared_data() {
  return environment("QFMT_SHARED_DATA");
}

/// Says that a test case did not run. Call it once and leave the test case: the summary counts
/// these lines, and takes each off the cases that passed.
inline void skip(char const* why) {
  std::printf("SKIP: %s\n", why);
  std::fflush(stdout);
}

}  // namespace qfmt::test
