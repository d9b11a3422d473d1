// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// The bodies of functions of the type Differ (code_runs.hpp), for translation units with compiler
// options of their own (kernel_options.hpp, which comes first). A Word has a static function
// of(bits): one or two codes of a binary32 pattern.

namespace {

template <class Word>
struct Compared {
  std::uint32_t expected;
  std::uint32_t difference = 0;
  void see(std::uint32_t bits) { difference |= Word::of(bits) ^ expected; }
};

template <class... Words>
struct ComparedWords : Compared<Words>... {
  explicit ComparedWords(std::uint32_t const* words) : Compared<Words>{*words++}... {}
  void see(std::uint32_t bits) { (Compared<Words>::see(bits), ...); }
  void report(std::uint32_t* differences) const {
    ((*differences++ |= Compared<Words>::difference), ...);
  }
};

/// The inner loop has a fixed length, which g++ vectorizes at -O2 as well.
template <class... Words>
QFMT_TEST_KERNEL void differ(std::uint32_t first, std::uint32_t count, std::uint32_t step,
                             std::uint32_t const* expected, std::uint32_t* differences) {
  ComparedWords<Words...> words{expected};
  std::uint32_t done = 0;
  for (; done + 64 <= count; done += 64) {
    for (std::uint32_t i = 0; i < 64; ++i) words.see(first + (done + i) * step);
  }
  for (; done < count; ++done) words.see(first + done * step);
  words.report(differences);
}

}  // namespace
