// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

// The one comparison of results with what they should be. It is strict where hand-written ones are
// blind: a NaN equals nothing but a NaN, buffers of different lengths differ, a comparison of
// nothing fails, and so does one with a reference of zeros, unless the caller says that zeros are
// expected.

namespace qfmt::test {

/// Fills output buffers before a test; an element that still has it was never written, and never
/// equals anything, not even an expected NaN.
inline constexpr std::uint32_t poison_bits = 0xFFF0BAD0u;
inline float poison() {
  return std::bit_cast<float>(poison_bits);
}

enum class Zeros : std::uint8_t { suspicious, expected };

struct Comparison {
  bool equal = false;
  std::string difference;  // the first one

  explicit operator bool() const { return equal; }
};

namespace detail {

inline bool is_poison(float x) {
  return std::bit_cast<std::uint32_t>(x) == poison_bits;
}

inline std::string show(float x) {
  char text[64];
  std::snprintf(text, sizeof text, "%.9g (0x%08X)", static_cast<double>(x),
                std::bit_cast<std::uint32_t>(x));
  return text;
}

template <class Equal>
Comparison compare(std::span<float const> found, std::span<float const> expected, Zeros zeros,
                   Equal&& equal) {
  if (found.size() != expected.size()) {
    return {false,
            std::to_string(found.size()) + " values instead of " + std::to_string(expected.size())};
  }
  if (expected.empty())
    return {false, "nothing was compared"};
  bool all_zero = true;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    all_zero = all_zero && std::fpclassify(expected[i]) == FP_ZERO;
    bool const poisoned = is_poison(found[i]) || is_poison(expected[i]);
    bool const both_nan = std::isnan(found[i]) && std::isnan(expected[i]);
    bool const one_nan = std::isnan(found[i]) != std::isnan(expected[i]);
    if (!poisoned && !one_nan && (both_nan || equal(i)))
      continue;
    return {false, "element " + std::to_string(i) + ": " +
                       (is_poison(found[i]) ? "never written" : show(found[i])) + " instead of " +
                       show(expected[i])};
  }
  if (all_zero && zeros == Zeros::suspicious)
    return {false, "the reference is all zeros"};
  return {true, {}};
}

}  // namespace detail

/// The same bits in every element; any NaN is the same NaN.
inline Comparison same_bits(std::span<float const> found, std::span<float const> expected,
                            Zeros zeros = Zeros::suspicious) {
  return detail::compare(found, expected, zeros, [&](std::size_t i) {
    return std::bit_cast<std::uint32_t>(found[i]) == std::bit_cast<std::uint32_t>(expected[i]);
  });
}

/// The same values: like same_bits, but -0 equals +0.
inline Comparison same_values(std::span<float const> found, std::span<float const> expected,
                              Zeros zeros = Zeros::suspicious) {
  return detail::compare(found, expected, zeros,
                         [&](std::size_t i) { return found[i] == expected[i]; });
}

/// Each element within its own bound, |found - expected| <= bound; infinities equal themselves
/// only.
inline Comparison within(std::span<float const> found, std::span<float const> expected,
                         std::span<double const> bound, Zeros zeros = Zeros::suspicious) {
  if (bound.size() != expected.size())
    return {false, "the bounds have another length"};
  return detail::compare(found, expected, zeros, [&](std::size_t i) {
    if (std::isinf(found[i]) || std::isinf(expected[i]))
      return found[i] == expected[i];
    return std::fabs(static_cast<double>(found[i]) - static_cast<double>(expected[i])) <= bound[i];
  });
}

}  // namespace qfmt::test
