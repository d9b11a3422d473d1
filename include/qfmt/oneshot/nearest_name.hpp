// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

namespace qfmt::oneshot {

/// How many letters have to be inserted, deleted or changed to make one text of the other
/// (Levenshtein).
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      std::size_t const changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = (std::min)({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

/// The name that is closest to a text that is none of them, the first of several; empty without
/// names.
[[nodiscard]] inline std::string_view nearest_name(std::string_view text,
                                                   std::span<std::string_view const> names) {
  auto const nearest =
      std::min_element(names.begin(), names.end(), [&](std::string_view a, std::string_view b) {
        return edit_distance(text, a) < edit_distance(text, b);
      });
  return nearest == names.end() ? std::string_view{} : *nearest;
}

}  // namespace qfmt::oneshot
