// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace qfmt::test {

/// What the check of a law found. A law is a function that returns this, so that it can be run on
/// the real thing, where nothing may be violated, and on a sabotaged one, where something must be.
/// A law that checked nothing does not hold.
struct Violations {
  std::string law;
  std::uint64_t checked = 0;
  std::uint64_t count = 0;
  std::string first;  // where it was violated first, and how

  explicit Violations(std::string name) : law{std::move(name)} {}

  /// One more instance of the law. `describe` returns text, and is only called for the first
  /// violation.
  template <class Describe>
  void expect(bool holds, Describe&& describe) {
    ++checked;
    if (holds)
      return;
    if (count++ == 0)
      first = std::forward<Describe>(describe)();
  }

  [[nodiscard]] bool held() const { return checked > 0 && count == 0; }

  [[nodiscard]] std::string report() const {
    return law + ": " + std::to_string(count) + " violations in " + std::to_string(checked) +
           " checks" + (first.empty() ? "" : "; first: " + first);
  }
};

}  // namespace qfmt::test
