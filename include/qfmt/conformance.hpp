// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <qfmt/formats/convert.hpp>

// Tests somebody else's conversion against this library's, in ten lines:
//
//     #include <qfmt/conformance.hpp>
//     #include <qfmt/formats/e4m3.hpp>
//
//     auto const report = qfmt::conformance::check<qfmt::E4M3>(
//         [](float x) { return my_float_to_e4m3(x); });
//     if (report.mismatches != 0) std::puts(report.text().c_str());
//
// The inputs are those on which conversions go wrong: every boundary between two codes with its
// neighbours, every value with its neighbours, overflow, underflow, subnormal inputs, both zeros,
// infinities and NaNs; some thousands for a format of 8 bits.

namespace qfmt::conformance {

/// What a check of a conversion to F found.
template <FloatFormat F>
struct Report {
  int64_t inputs = 0;
  int64_t mismatches = 0;
  // The first mismatch.
  float input = 0.0f;
  uint32_t expected = 0;
  uint32_t got = 0;

  /// One line: how many inputs differ, and the first one with its bits by field.
  [[nodiscard]] std::string text() const;
};

namespace detail {

inline std::string bit_field(uint32_t bits, int first, int width) {
  std::string text;
  for (int i = first + width - 1; i >= first; --i) text += (bits >> i & 1) != 0 ? '1' : '0';
  return text;
}

template <FloatFormat F>
std::string code_fields(uint32_t code) {
  std::string text = F::is_signed ? bit_field(code, F::bits - 1, 1) + "." : "";
  text += bit_field(code, F::mantissa_bits, F::exponent_bits);
  if (F::mantissa_bits > 0)
    text += "." + bit_field(code, 0, F::mantissa_bits);
  return text;
}

inline std::string hex(uint32_t value, int digits) {
  std::string text = "0x";
  for (int i = digits - 1; i >= 0; --i) text += "0123456789ABCDEF"[value >> (4 * i) & 15];
  return text;
}

/// Calls visit(x) for a bit pattern, its neighbours, and the same with the other sign.
template <class Visit>
void with_neighbours(uint32_t magnitude, Visit&& visit) {
  for (int step = -1; step <= 1; ++step) {
    uint32_t const bits = (magnitude + static_cast<uint32_t>(step)) & 0x7FFFFFFFu;
    visit(bit_cast<float>(bits));
    visit(bit_cast<float>(bits | 0x80000000u));
  }
}

}  // namespace detail

/// Calls visit(x) for every input on which conversions to F go wrong. Some come more than once.
template <FloatFormat F, class Visit>
void for_each_input(Visit&& visit) {
  auto const decode_magnitude = [](uint32_t code) {
    return decode(Code<F>{static_cast<typename F::storage_type>(code)});
  };
  for (uint32_t code = 0; code <= F::max_code; ++code) {
    float const value = decode_magnitude(code);
    detail::with_neighbours(magnitude_bits(value), visit);
    if (code == F::max_code)
      break;
    // The midpoint of two neighbours needs one bit more than they have: exact in binary32.
    double const next = static_cast<double>(decode_magnitude(code + 1));
    float const midpoint = static_cast<float>((static_cast<double>(value) + next) / 2.0);
    detail::with_neighbours(magnitude_bits(midpoint), visit);
  }
  // Where overflow begins: half a step above the largest value, and a whole one.
  double const largest = static_cast<double>(max_value<F>());
  double const step = largest - static_cast<double>(decode_magnitude(F::max_code - 1));
  for (double const above : {largest + step / 2.0, largest + step}) {
    detail::with_neighbours(magnitude_bits(static_cast<float>(above)), visit);
  }
  for (uint32_t const special :
       {0u, 0x1u, 0x400000u, 0x7FFFFFu, 0x800000u, 0x3F800000u, 0x7F7FFFFFu, 0x7F800000u,
        0x7F800001u, 0x7FBFFFFFu, 0x7FC00000u, 0x7FFFFFFFu}) {
    visit(bit_cast<float>(special));
    visit(bit_cast<float>(special | 0x80000000u));
  }
}

/// Compares `convert(float) -> integer code` with encode<F, R, O> on those inputs.
template <FloatFormat F, RoundingMode R = NearestEven, OverflowMode O = Saturate, class Convert>
[[nodiscard]] Report<F> check(Convert&& convert) {
  Report<F> report;
  for_each_input<F>([&](float x) {
    uint32_t const expected = encode<F, R, O>(x).bits;
    uint32_t const got = static_cast<uint32_t>(convert(x));
    ++report.inputs;
    if (got == expected)
      return;
    if (report.mismatches++ == 0) {
      report.input = x;
      report.expected = expected;
      report.got = got;
    }
  });
  return report;
}

template <FloatFormat F>
std::string Report<F>::text() const {
  std::string line = std::string{F::name} + ": " + std::to_string(mismatches) + " of " +
                     std::to_string(inputs) + " inputs differ";
  if (mismatches == 0)
    return line;
  uint32_t const bits = bit_cast<uint32_t>(input);
  constexpr int digits = (F::bits + 3) / 4;
  return line + "; the first is " + detail::hex(bits, 8) + " (" + detail::bit_field(bits, 31, 1) +
         "." + detail::bit_field(bits, 23, 8) + "." + detail::bit_field(bits, 0, 23) +
         "): expected " + detail::hex(expected, digits) + " (" + detail::code_fields<F>(expected) +
         "), got " + detail::hex(got, digits) + " (" + detail::code_fields<F>(got) + ")";
}

}  // namespace qfmt::conformance
