// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

// Functions of binary32 patterns against what their codes must be, many patterns and several
// functions at a time.

namespace qfmt::test {

/// A run of patterns that have the same code.
struct CodeRun {
  std::uint32_t first, count, code;
};

/// Several functions at once, as words of one or two codes (the second in the high half): how they
/// differ from expected words for the patterns first, first + step, ... Into differences[k] goes
/// the OR of (word k ^ expected[k]).
using Differ = void (*)(std::uint32_t first, std::uint32_t count, std::uint32_t step,
                        std::uint32_t const* expected, std::uint32_t* differences);

inline constexpr std::size_t most_words = 8;

/// The expected words: the runs of several functions, cut where any of them steps.
class WordRuns {
 public:
  /// `columns` are the runs of the functions: `codes_per_word` (1 or 2) of them make one word.
  WordRuns(std::vector<std::vector<CodeRun>> const& columns, std::size_t codes_per_word)
      : codes_per_word_{codes_per_word}, width_{columns.size() / codes_per_word} {
    for (auto const& column : columns)
      for (CodeRun const& run : column) firsts_.push_back(run.first);
    std::sort(firsts_.begin(), firsts_.end());
    firsts_.erase(std::unique(firsts_.begin(), firsts_.end()), firsts_.end());
    end_ = std::uint64_t{columns.front().back().first} + columns.front().back().count;
    words_.resize(firsts_.size() * width_);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      std::size_t at = 0;
      for (std::size_t i = 0; i < firsts_.size(); ++i) {
        if (at + 1 < columns[c].size() && columns[c][at + 1].first <= firsts_[i])
          ++at;
        words_[i * width_ + c / codes_per_word] |= columns[c][at].code
                                                   << (16 * (c % codes_per_word));
      }
    }
  }

  [[nodiscard]] std::size_t size() const { return firsts_.size(); }
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] std::size_t columns() const { return width_ * codes_per_word_; }
  [[nodiscard]] std::uint64_t end() const { return end_; }
  [[nodiscard]] std::uint32_t first(std::size_t run) const { return firsts_[run]; }
  [[nodiscard]] std::uint32_t count(std::size_t run) const {
    std::uint64_t const next = run + 1 < firsts_.size() ? firsts_[run + 1] : end_;
    return static_cast<std::uint32_t>(next - firsts_[run]);
  }
  [[nodiscard]] std::uint32_t const* words(std::size_t run) const {
    return words_.data() + run * width_;
  }
  /// The run that a pattern is in.
  [[nodiscard]] std::size_t run_of(std::uint32_t pattern) const {
    auto const after = std::upper_bound(firsts_.begin(), firsts_.end(), pattern);
    return static_cast<std::size_t>(after - firsts_.begin()) - 1;
  }
  /// Whether words differ in the codes of one function.
  [[nodiscard]] bool differs(std::uint32_t const* differences, std::size_t column) const {
    std::uint32_t const word = differences[column / codes_per_word_];
    return codes_per_word_ == 1 ? word != 0 : (word >> (16 * (column % 2)) & 0xFFFF) != 0;
  }

 private:
  std::size_t codes_per_word_;
  std::size_t width_;
  std::uint64_t end_ = 0;
  std::vector<std::uint32_t> firsts_;
  std::vector<std::uint32_t> words_;
};

/// What came of comparing.
struct Findings {
  std::uint64_t inputs = 0;
  std::vector<std::uint64_t> mismatches;   // of each function
  std::vector<std::uint32_t> first_wrong;  // a pattern, where there are any

  explicit Findings(std::size_t columns) : mismatches(columns), first_wrong(columns) {}

  /// Compares a piece of one run.
  void compare(Differ differ, WordRuns const& expected, std::size_t run, std::uint32_t first,
               std::uint32_t count, std::uint32_t step) {
    inputs += count;
    std::array<std::uint32_t, most_words> all{};
    differ(first, count, step, expected.words(run), all.data());
    if (all == std::array<std::uint32_t, most_words>{})
      return;
    std::vector<std::uint64_t> const before = mismatches;
    for (std::uint32_t i = 0; i < count; ++i) {
      std::array<std::uint32_t, most_words> one{};
      differ(first + i * step, 1, 1, expected.words(run), one.data());
      for (std::size_t c = 0; c < mismatches.size(); ++c) {
        if (expected.differs(one.data(), c))
          add(c, first + i * step);
      }
    }
    for (std::size_t c = 0; c < mismatches.size(); ++c) {
      if (expected.differs(all.data(), c) && mismatches[c] == before[c])
        add(c, first);  // wrong only when many are computed at once
    }
  }

  void merge(Findings const& other) {
    inputs += other.inputs;
    for (std::size_t c = 0; c < mismatches.size(); ++c) {
      if (mismatches[c] == 0)
        first_wrong[c] = other.first_wrong[c];
      mismatches[c] += other.mismatches[c];
    }
  }

  /// For a message: how many, and one of them.
  [[nodiscard]] std::string wrong(std::size_t column) const {
    char text[80];
    std::snprintf(text, sizeof text, ": %llu mismatches, one for 0x%08X",
                  static_cast<unsigned long long>(mismatches[column]),
                  static_cast<unsigned>(first_wrong[column]));
    return text;
  }

  [[nodiscard]] std::uint64_t all_mismatches() const {
    std::uint64_t sum = 0;
    for (std::uint64_t const of_one : mismatches) sum += of_one;
    return sum;
  }

 private:
  void add(std::size_t column, std::uint32_t pattern) {
    if (mismatches[column]++ == 0)
      first_wrong[column] = pattern;
  }
};

/// A sample: both ends of every run, where encoders go wrong, and each `stride`th pattern between.
inline Findings check_sample(Differ differ, WordRuns const& expected, std::uint32_t edge,
                             std::uint32_t stride) {
  Findings findings{expected.columns()};
  for (std::size_t run = 0; run < expected.size(); ++run) {
    std::uint32_t const first = expected.first(run);
    std::uint32_t const count = expected.count(run);
    std::uint32_t const n = (std::min)(count, edge);
    findings.compare(differ, expected, run, first, n, 1);
    findings.compare(differ, expected, run, first + (count - n), n, 1);
    findings.compare(differ, expected, run, first, (count - 1) / stride + 1, stride);
  }
  return findings;
}

}  // namespace qfmt::test
