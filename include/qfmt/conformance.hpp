// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

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
// check_decode does the same for the way back, and conformance_blocks.hpp for whole blocks. The
// inputs are those on which conversions go wrong: every boundary between two codes with its
// neighbours, every value with its neighbours, overflow, underflow, subnormal inputs, both zeros,
// infinities and NaNs; some thousands for a format of 8 bits.

namespace qfmt::conformance {

/// What a check found.
struct Report {
  std::string name;  ///< of the format
  std::string unit;  ///< of what was compared: "inputs", "codes" or "blocks"
  int64_t checked = 0;
  int64_t mismatches = 0;
  int64_t other_scales = 0;  ///< blocks: mismatches whose scale is another one already
  std::string first{};       ///< the first mismatch, its bits by field

  /// One line: how many differ, and the first one.
  [[nodiscard]] std::string text() const {
    std::string line = name + ": " + std::to_string(mismatches) + " of " + std::to_string(checked) +
                       ' ' + unit + " differ";
    if (other_scales > 0)
      line += ", " + std::to_string(other_scales) + " of them in the scale";
    return mismatches == 0 ? line : line + "; the first is " + first;
  }
};

namespace detail {

inline std::string bit_field(uint32_t bits, int first, int width) {
  std::string text;
  for (int i = first + width - 1; i >= first; --i) text += (bits >> i & 1) != 0 ? '1' : '0';
  return text;
}

inline std::string hex(uint32_t value, int digits) {
  std::string text = "0x";
  for (int i = digits - 1; i >= 0; --i) text += "0123456789ABCDEF"[value >> (4 * i) & 15];
  return text;
}

/// A code in hexadecimal, and its bits: sign, exponent and mantissa apart where it has them. One
/// with bits beyond the format's is shown as it is.
template <ElementFormat F>
std::string shown_code(uint32_t code) {
  constexpr int digits = (F::bits + 3) / 4;
  if (code >> F::bits != 0)
    return hex(code, 8) + " (more than " + std::to_string(F::bits) + " bits)";
  std::string text = hex(code, digits) + " (";
  if constexpr (FloatFormat<F>) {
    text += F::is_signed ? bit_field(code, F::bits - 1, 1) + "." : "";
    text += bit_field(code, F::mantissa_bits, F::exponent_bits);
    if (F::mantissa_bits > 0)
      text += "." + bit_field(code, 0, F::mantissa_bits);
  } else {
    text += bit_field(code, 0, F::bits);
  }
  return text + ")";
}

/// A binary32 in hexadecimal, and its sign, exponent and mantissa.
inline std::string shown_float(float x) {
  uint32_t const bits = bit_cast<uint32_t>(x);
  return hex(bits, 8) + " (" + bit_field(bits, 31, 1) + "." + bit_field(bits, 23, 8) + "." +
         bit_field(bits, 0, 23) + ")";
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

template <ElementFormat F>
float decode_bits(uint32_t code) noexcept {
  return decode(Code<F>{static_cast<typename F::storage_type>(code)});
}

/// The finite values of F, in order, each once.
template <ElementFormat F>
std::vector<float> finite_values() {
  std::vector<float> values;
  for (uint32_t code = 0; code >> F::bits == 0; ++code) {
    if (float const value = decode_bits<F>(code); is_finite(value))
      values.push_back(magnitude_bits(value) == 0 ? 0.0f : value);
  }
  auto const less = [](float a, float b) { return order_key(a) < order_key(b); };
  std::sort(values.begin(), values.end(), less);
  auto const same = [](float a, float b) { return order_key(a) == order_key(b); };
  values.erase(std::unique(values.begin(), values.end(), same), values.end());
  return values;
}

}  // namespace detail

/// Calls visit(x) for every input on which conversions to F go wrong. Some come more than once.
template <ElementFormat F, class Visit>
void for_each_input(Visit&& visit) {
  std::vector<float> const values = detail::finite_values<F>();
  auto const between = [&](float low, float high, double part) {
    // The midpoint of two neighbours needs one bit more than they have: exact in binary32, except
    // for codebooks, where the neighbours are on both sides of it all the same.
    double const at = static_cast<double>(low);
    float const x = static_cast<float>(at + (static_cast<double>(high) - at) * part);
    detail::with_neighbours(magnitude_bits(x), visit);
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    detail::with_neighbours(magnitude_bits(values[i]), visit);
    if (i + 1 < values.size())
      between(values[i], values[i + 1], 0.5);
  }
  // Where overflow begins, at both ends: half a step beyond the last value, and a whole one.
  std::size_t const last = values.size() - 1;
  for (double const part : {1.5, 2.0}) {
    between(values[last - 1], values[last], part);
    between(values[1], values[0], part);
  }
  for (uint32_t const special :
       {0u, 0x1u, 0x400000u, 0x7FFFFFu, 0x800000u, 0x3F800000u, 0x7F7FFFFFu, 0x7F800000u,
        0x7F800001u, 0x7FBFFFFFu, 0x7FC00000u, 0x7FFFFFFFu}) {
    visit(bit_cast<float>(special));
    visit(bit_cast<float>(special | 0x80000000u));
  }
}

namespace detail {

template <ElementFormat F>
std::string expected_and_got(uint32_t expected, uint32_t got) {
  return ": expected " + shown_code<F>(expected) + ", got " + shown_code<F>(got);
}

}  // namespace detail

/// Compares `convert(float) -> integer code` with encode<F, R, O> on those inputs.
template <ElementFormat F, RoundingMode R = NearestEven, OverflowMode O = Saturate, class Convert>
[[nodiscard]] Report check(Convert&& convert) {
  Report report{F::name, "inputs"};
  for_each_input<F>([&](float x) {
    uint32_t const expected = encode<F, R, O>(x).bits;
    uint32_t const got = static_cast<uint32_t>(convert(x));
    ++report.checked;
    if (got != expected && report.mismatches++ == 0)
      report.first = detail::shown_float(x) + detail::expected_and_got<F>(expected, got);
  });
  return report;
}

/// Compares `convert(code) -> float` with decode<F> on all codes, bit for bit; any NaN is as good
/// as another.
template <ElementFormat F, class Convert>
[[nodiscard]] Report check_decode(Convert&& convert) {
  Report report{F::name, "codes"};
  for (uint32_t code = 0; code >> F::bits == 0; ++code) {
    float const expected = detail::decode_bits<F>(code);
    float const got = convert(static_cast<typename F::storage_type>(code));
    bool const same =
        is_nan(expected) ? is_nan(got) : bit_cast<uint32_t>(expected) == bit_cast<uint32_t>(got);
    ++report.checked;
    if (!same && report.mismatches++ == 0)
      report.first = detail::shown_code<F>(code) + ": expected " + detail::shown_float(expected) +
                     ", got " + detail::shown_float(got);
  }
  return report;
}

}  // namespace qfmt::conformance
