// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <support/code_runs.hpp>
#include <vector>

// The MX scale rules by their definitions on real numbers; nothing of the library. A rule is a step
// function of the tile's largest magnitude: it is known once it is known where it steps.

namespace qfmt::test::mx_oracle {

struct Element {
  char const* name;
  double largest;
  int mantissa_bits;
  [[nodiscard]] int emax() const { return std::ilogb(largest); }
};

// OCP Microscaling Formats 1.0, table 1; the codebook S1M3 has no mantissa.
inline constexpr Element elements[] = {
    {"E2M1", 6.0, 1},     {"E2M3", 7.5, 3},          {"E3M2", 28.0, 2}, {"E4M3", 448.0, 3},
    {"E5M2", 57344.0, 2}, {"MXINT8", 127.0 / 64, 6}, {"S1M3", 6.0, 0}};

struct Step {
  double at;
  bool inclusive;
};

/// From which magnitude on the scale is at least 2^k.
inline Step step(Element const& element, std::string_view rule, int k) {
  double const binade = std::ldexp(1.0, k + element.emax());
  if (rule == "floor")
    return {binade, true};  // amax >= 2^(k + emax)
  if (rule == "ceil")
    return {binade / 2, false};  // amax > 2^(k - 1 + emax)
  if (rule == "round_up")
    return {std::ldexp(element.largest, k - 1), false};  // largest * 2^(k - 1) < amax
  if (rule == "even")
    return {binade * (1 - std::ldexp(1.0, -element.mantissa_bits - 2)),
            true};                // half way to the next binade
  return {binade * 0.875, true};  // at_three_quarters: 1.75 * 2^(k - 1 + emax)
}

/// All 2^31 magnitudes, in runs of equal codes.
inline std::vector<CodeRun> intervals(Element const& element, std::string_view rule) {
  std::vector<CodeRun> runs;
  std::uint32_t begin = 0;
  std::uint32_t code = 0;
  auto const close = [&](std::uint32_t end) {
    if (end > begin)
      runs.push_back({begin, end - begin, code});
    begin = end;
  };
  for (int next = 1; next <= 254; ++next) {
    auto const [at, inclusive] = step(element, rule, next - 127);
    std::uint32_t low = 0;
    std::uint32_t high = 0x7F800000u;
    while (low < high) {
      std::uint32_t const middle = low + (high - low) / 2;
      auto const x = static_cast<double>(std::bit_cast<float>(middle));
      if (inclusive ? x >= at : x > at) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    close(low);
    code = static_cast<std::uint32_t>(next);
    if (begin == 0x7F800000u)
      break;
  }
  close(0x7F800000u);
  runs.push_back({0x7F800000u, 1, 254});
  runs.push_back({0x7F800001u, 0x7FFFFFu, 255});
  return runs;
}

/// The same for several rules.
inline std::vector<std::vector<CodeRun>> columns(char const* format,
                                                 std::vector<char const*> const& rules) {
  Element const& element =
      *std::find_if(std::begin(elements), std::end(elements),
                    [&](Element const& e) { return std::string_view{e.name} == format; });
  std::vector<std::vector<CodeRun>> of_rules;
  for (char const* const rule : rules) of_rules.push_back(intervals(element, rule));
  return of_rules;
}

}  // namespace qfmt::test::mx_oracle
