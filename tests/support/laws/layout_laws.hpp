// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <support/laws/violations.hpp>
#include <vector>

#include <qfmt/packing/scale_layout.hpp>

namespace qfmt::test::laws {

/// Every scale has a place of its own within the buffer.
template <class L>
Violations places_are_distinct() {
  Violations found{std::string{L::name} + ": every scale has its own place"};
  for (index_t const rows : {0, 1, 2, 7, 8, 9, 31, 32, 33, 127, 128, 129, 260}) {
    for (index_t const cols : {0, 1, 2, 3, 4, 5, 8, 13}) {
      Shape const scales{rows, cols};
      index_t const size = L::size(scales);
      std::vector<index_t> offsets;
      bool inside = size >= scales.size();
      for (index_t r = 0; r < rows; ++r) {
        for (index_t c = 0; c < cols; ++c) {
          offsets.push_back(L::offset(scales, r, c));
          inside = inside && offsets.back() >= 0 && offsets.back() < size;
        }
      }
      std::sort(offsets.begin(), offsets.end());
      bool const distinct = std::adjacent_find(offsets.begin(), offsets.end()) == offsets.end();
      found.expect(inside && distinct,
                   [&] { return std::to_string(rows) + " x " + std::to_string(cols); });
    }
  }
  return found;
}

/// The places of padded(scales) are the buffer: each one, once.
template <class L>
Violations padding_fills_the_buffer() {
  Violations found{std::string{L::name} + ": scales and padding are the whole buffer"};
  for (index_t const rows : {1, 7, 8, 9, 32, 128, 129}) {
    for (index_t const cols : {1, 3, 4, 5, 13}) {
      Shape const scales{rows, cols};
      Shape const padded = L::padded(scales);
      std::vector<int> seen(static_cast<std::size_t>(L::size(scales)), 0);
      bool inside = padded.rows >= rows && padded.cols >= cols;
      for (index_t r = 0; r < padded.rows; ++r) {
        for (index_t c = 0; c < padded.cols; ++c) {
          auto const place = static_cast<std::size_t>(L::offset(scales, r, c));
          inside = inside && place < seen.size();
          if (place < seen.size())
            ++seen[place];
        }
      }
      bool const once = std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; });
      found.expect(inside && once,
                   [&] { return std::to_string(rows) + " x " + std::to_string(cols); });
    }
  }
  return found;
}

/// There and back is where one was, and padding is zero.
template <class L>
Violations rearranges_back() {
  Violations found{std::string{L::name} + ": rearranged and back"};
  for (Shape const scales :
       {Shape{1, 1}, Shape{3, 5}, Shape{128, 4}, Shape{130, 9}, Shape{8, 4}, Shape{9, 3}}) {
    std::vector<int> original;
    for (index_t i = 0; i < scales.size(); ++i) original.push_back(static_cast<int>(i) + 1);
    std::vector<int> there(static_cast<std::size_t>(L::size(scales)), -1);
    rearrange<RowMajor, L>(original.data(), scales, there.data());
    std::vector<int> back(original.size(), -1);
    rearrange<L, RowMajor>(there.data(), scales, back.data());
    auto const zeros = static_cast<index_t>(std::count(there.begin(), there.end(), 0));
    found.expect(back == original && zeros == L::size(scales) - scales.size(),
                 [&] { return std::to_string(scales.rows) + " x " + std::to_string(scales.cols); });
  }
  return found;
}

}  // namespace qfmt::test::laws
