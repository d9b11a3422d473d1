// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include <qfmt/core/config.hpp>

namespace qfmt {

namespace detail {

/// Sums of Width columns of a matrix with `rows` rows. Rows go round robin into four sums; each of
/// these hands over to a slower one after every 2^step additions, so that errors grow with the
/// logarithm of the number of rows.
template <std::size_t Width, class Row>
constexpr std::array<float, Width> cascade_sum(std::size_t rows, Row const& row) {
  constexpr std::size_t parts = 4;
  constexpr std::size_t levels = 4;
  std::size_t bits = 0;
  while ((std::size_t{1} << bits) < rows / parts) ++bits;
  std::size_t const step = bits / levels > 4 ? bits / levels : 4;
  std::size_t const mask = (std::size_t{1} << step) - 1;

  std::array<std::array<std::array<float, Width>, parts>, levels> sums{};
  auto const add = [](auto& to, auto const& from) {
    for (std::size_t i = 0; i < Width; ++i) to[i] += from[i];
  };
  for (std::size_t i = 0; i < rows / parts;) {
    for (std::size_t p = 0; p < parts; ++p) add(sums[0][p], row(i * parts + p));
    ++i;
    // The last round, if it is not full, stays where it is.
    for (std::size_t level = 1; level < levels; ++level) {
      if ((i & (mask << ((level - 1) * step))) != 0)
        break;
      for (std::size_t p = 0; p < parts; ++p) {
        add(sums[level][p], sums[level - 1][p]);
        sums[level - 1][p] = {};
      }
    }
  }
  for (std::size_t level = 1; level < levels; ++level)
    for (std::size_t p = 0; p < parts; ++p) add(sums[0][p], sums[level][p]);
  for (std::size_t i = rows / parts * parts; i < rows; ++i) add(sums[0][0], row(i));
  for (std::size_t p = 1; p < parts; ++p) add(sums[0][0], sums[0][p]);
  return sums[0][0];
}

}  // namespace detail

/// The sum of `count` terms in binary32, in one fixed order: eight interleaved sums, each as
/// cascade_sum has it, then what is left over, then the eight in turn. PyTorch's order on one
/// thread where its vectors have 256 bits; Fold = 2 is that for 16-bit tensors, of which it takes
/// two rows of eight at once.
///
/// `terms.operator()<N>(first)` gives terms first to first + N - 1 as std::array<float, N>; N is 1
/// or 8. Each term is asked for once, in rising order.
template <std::size_t Fold = 1, class Terms>
requires(Fold == 1 || Fold == 2)
    [[nodiscard]] constexpr float ordered_sum(std::size_t count, Terms const& terms) {
  constexpr std::size_t width = 8;
  constexpr std::size_t at_once = width * Fold;
  auto const single = [&](std::size_t i) { return terms.template operator()<1>(i); };
  if (count < at_once)
    return detail::cascade_sum<1>(count, single)[0];
  std::size_t const rows = count / at_once;
  auto const lanes = detail::cascade_sum<width>(rows, [&](std::size_t r) {
    std::array<float, width> row = terms.template operator()<width>(r * at_once);
    if constexpr (Fold == 2) {
      std::array<float, width> const second = terms.template operator()<width>(r * at_once + width);
      for (std::size_t i = 0; i < width; ++i) row[i] += second[i];
    }
    return row;
  });
  float sum = 0.0f;
  for (std::size_t i = rows * at_once; i < count; ++i) sum += single(i)[0];
  for (float const lane : lanes) sum += lane;
  return sum;
}

}  // namespace qfmt
