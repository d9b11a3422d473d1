// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

// What codes are right, found without the library: this file includes nothing of it. The facts of
// the formats are typed from their specifications, values are dyadic rationals that binary64 holds
// exactly, and an encoder is a table of thresholds, which is all that a monotone step function can
// be.

namespace qfmt::test::oracle {

enum class Mode : std::uint8_t { nearest_even, nearest_away, toward_zero, up, down, to_odd };

inline constexpr Mode modes[] = {Mode::nearest_even, Mode::nearest_away, Mode::toward_zero,
                                 Mode::up,           Mode::down,         Mode::to_odd};

constexpr char const* name(Mode mode) {
  switch (mode) {
    case Mode::nearest_even:
      return "nearest even";
    case Mode::nearest_away:
      return "nearest away";
    case Mode::toward_zero:
      return "toward zero";
    case Mode::up:
      return "up";
    case Mode::down:
      return "down";
    case Mode::to_odd:
      return "to odd";
  }
  return "?";
}

enum class Kind : std::uint8_t { minifloat, power_of_two, integer };

/// The facts of a format, as its specification states them.
struct Facts {
  char const* name;
  Kind kind;
  int bits;
  int exponent_bits, mantissa_bits, bias;
  std::uint32_t max_code;       // of the largest finite magnitude
  std::uint32_t overflow_code;  // of a magnitude beyond it, when not saturating
  std::uint32_t nan_code;       // what NaN converts to
  bool is_signed;
  bool negative_zero;
  int fraction_bits = 0;   // integers: where the binary point is
  bool symmetric = false;  // integers: the lowest code is never produced

  [[nodiscard]] std::uint32_t sign() const {
    return kind == Kind::minifloat && is_signed ? 1u << (bits - 1) : 0u;
  }
  [[nodiscard]] std::uint32_t mask() const { return (1u << bits) - 1; }

  /// Largest magnitude code on that side of zero; for integers the magnitude itself.
  [[nodiscard]] std::uint32_t last(bool negative) const {
    if (kind != Kind::integer || !negative)
      return max_code;
    return !is_signed ? 0 : symmetric ? max_code : max_code + 1;
  }

  /// The magnitude that a magnitude code stands for. Also one code further than the largest, which
  /// is where rounding to nearest begins to overflow.
  [[nodiscard]] double magnitude(std::uint32_t code) const {
    if (kind == Kind::integer)
      return std::ldexp(static_cast<double>(code), -fraction_bits);
    if (kind == Kind::power_of_two)
      return std::ldexp(1.0, static_cast<int>(code) - bias);
    int const field = static_cast<int>(code >> mantissa_bits);
    double const fraction =
        std::ldexp(static_cast<double>(code & ((1u << mantissa_bits) - 1)), -mantissa_bits);
    return field == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1.0 + fraction, field - bias);
  }

  /// The code of a magnitude code with a sign.
  [[nodiscard]] std::uint32_t with_sign(std::uint32_t code, bool negative) const {
    if (!negative)
      return code;
    if (kind == Kind::integer)
      return is_signed ? (0u - code) & mask() : code;
    return code == 0 && !negative_zero ? 0 : code | sign();
  }

  /// The value of any code; NaN and infinity included.
  [[nodiscard]] double value(std::uint32_t code) const {
    if (kind == Kind::integer) {
      bool const negative = is_signed && code > max_code;
      return std::ldexp(
          negative ? static_cast<double>(code) - std::ldexp(1.0, bits) : static_cast<double>(code),
          -fraction_bits);
    }
    double const direction = (code & sign()) != 0 ? -1.0 : 1.0;
    if (sign() != 0 && !negative_zero && code == sign())
      return std::numeric_limits<double>::quiet_NaN();
    std::uint32_t const low = code & ~sign();
    if (low <= max_code)
      return direction * magnitude(low);
    bool const infinite = overflow_code != nan_code && low == overflow_code;
    return infinite ? direction * std::numeric_limits<double>::infinity()
                    : std::numeric_limits<double>::quiet_NaN();
  }
};

// OCP OFP8 1.0 section 5, OCP MX 1.0 section 5.3 and 5.4, IEEE 754-2019 section 3.4, arXiv
// 2206.02915.
// clang-format off
inline constexpr Facts formats[] = {
    // name      kind                bits E  M  bias  max     overflow NaN     signed -0
    {"E2M1",     Kind::minifloat,     4,  2, 1,    1, 0x7,    0x7,    0x7,    true,  true},
    {"E2M3",     Kind::minifloat,     6,  2, 3,    1, 0x1F,   0x1F,   0x1F,   true,  true},
    {"E3M2",     Kind::minifloat,     6,  3, 2,    3, 0x1F,   0x1F,   0x1F,   true,  true},
    {"E3M4",     Kind::minifloat,     8,  3, 4,    3, 0x6F,   0x70,   0x7F,   true,  true},
    {"E4M3",     Kind::minifloat,     8,  4, 3,    7, 0x7E,   0x7F,   0x7F,   true,  true},
    {"E4M3B11FNUZ", Kind::minifloat,  8,  4, 3,   11, 0x7F,   0x80,   0x80,   true,  false},
    {"E4M3FNUZ", Kind::minifloat,     8,  4, 3,    8, 0x7F,   0x80,   0x80,   true,  false},
    {"E4M3IEEE", Kind::minifloat,     8,  4, 3,    7, 0x77,   0x78,   0x7F,   true,  true},
    {"E5M2",     Kind::minifloat,     8,  5, 2,   15, 0x7B,   0x7C,   0x7F,   true,  true},
    {"E5M2FNUZ", Kind::minifloat,     8,  5, 2,   16, 0x7F,   0x80,   0x80,   true,  false},
    {"UE4M3",    Kind::minifloat,     7,  4, 3,    7, 0x7E,   0x7F,   0x7F,   false, false},
    {"UE5M3",    Kind::minifloat,     8,  5, 3,   15, 0xFE,   0xFF,   0xFF,   false, false},
    {"FP16",     Kind::minifloat,    16,  5, 10,  15, 0x7BFF, 0x7C00, 0x7FFF, true,  true},
    {"BF16",     Kind::minifloat,    16,  8, 7,  127, 0x7F7F, 0x7F80, 0x7FFF, true,  true},
    {"E8M0",     Kind::power_of_two,  8,  8, 0,  127, 0xFE,   0xFF,   0xFF,   false, false},
    {"INT2",     Kind::integer,       2,  0, 0,    0, 1,      1,      1,      true,  false},
    {"INT3",     Kind::integer,       3,  0, 0,    0, 3,      3,      3,      true,  false},
    {"INT4",     Kind::integer,       4,  0, 0,    0, 7,      7,      7,      true,  false},
    {"INT5",     Kind::integer,       5,  0, 0,    0, 15,     15,     15,     true,  false},
    {"INT6",     Kind::integer,       6,  0, 0,    0, 31,     31,     31,     true,  false},
    {"INT7",     Kind::integer,       7,  0, 0,    0, 63,     63,     63,     true,  false},
    {"INT8",     Kind::integer,       8,  0, 0,    0, 127,    127,    127,    true,  false},
    {"MXINT8",   Kind::integer,       8,  0, 0,    0, 127,    127,    127,    true,  false, 6, true},
    {"UINT2",    Kind::integer,       2,  0, 0,    0, 3,      3,      3,      false, false},
    {"UINT3",    Kind::integer,       3,  0, 0,    0, 7,      7,      7,      false, false},
    {"UINT4",    Kind::integer,       4,  0, 0,    0, 15,     15,     15,     false, false},
    {"UINT5",    Kind::integer,       5,  0, 0,    0, 31,     31,     31,     false, false},
    {"UINT6",    Kind::integer,       6,  0, 0,    0, 63,     63,     63,     false, false},
    {"UINT7",    Kind::integer,       7,  0, 0,    0, 127,    127,    127,    false, false},
    {"UINT8",    Kind::integer,       8,  0, 0,    0, 255,    255,    255,    false, false},
};
// clang-format on

/// The facts of the format of that name; null if there are none here.
constexpr Facts const* find(std::string_view format) {
  for (Facts const& facts : formats) {
    if (facts.name == format)
      return &facts;
  }
  return nullptr;
}

/// Whether the format defines this rounding: one without mantissa has no even and no odd neighbour.
constexpr bool defined(Facts const& facts, Mode mode) {
  return facts.kind != Kind::power_of_two || mode == Mode::toward_zero || mode == Mode::up ||
         mode == Mode::nearest_away;
}

/// One side of an encoder: magnitudes from `at` on (or beyond it, if not inclusive) have code
/// `above`.
struct Threshold {
  double at;
  bool inclusive;
  std::uint32_t above;  // with the sign
};

/// A run of binary32 patterns that have the same code.
struct Interval {
  std::uint32_t first;
  std::uint32_t count;
  std::uint32_t code;
};

/// O1: the encoder of a format as two tables of thresholds, one for each sign.
class Encoder {
 public:
  Encoder(Facts const& facts, Mode mode, bool to_special)
      : facts_{facts}, mode_{mode}, to_special_{to_special} {
    for (bool const negative : {false, true}) build(negative);
  }

  [[nodiscard]] std::vector<Threshold> const& thresholds(bool negative) const {
    return sides_[negative ? 1 : 0];
  }

  /// The code of x: one binary search.
  [[nodiscard]] std::uint32_t operator()(double x) const {
    if (std::isnan(x))
      return facts_.nan_code;
    bool const negative = std::signbit(x);
    if (std::isinf(x))
      return infinity(negative);
    auto const& side = thresholds(negative);
    double const magnitude = std::fabs(x);
    std::size_t low = 0;  // side[0] is the code of zero
    std::size_t high = side.size();
    while (high - low > 1) {
      std::size_t const middle = low + (high - low) / 2;
      (reached(side[middle], magnitude) ? low : high) = middle;
    }
    return side[low].above;
  }

  /// All 2^32 binary32 patterns, in runs of equal codes.
  [[nodiscard]] std::vector<Interval> intervals() const {
    std::vector<Interval> runs;
    for (bool const negative : {false, true}) {
      auto const& side = thresholds(negative);
      std::uint32_t const sign = negative ? 0x80000000u : 0u;
      std::uint32_t begin = 0;
      for (std::size_t i = 0; i < side.size(); ++i) {
        std::uint32_t const end = i + 1 < side.size() ? first_float(side[i + 1]) : 0x7F800000u;
        if (end > begin)
          runs.push_back({sign | begin, end - begin, side[i].above});
        begin = end;
      }
      runs.push_back({sign | 0x7F800000u, 1, infinity(negative)});
      runs.push_back({sign | 0x7F800001u, 0x7FFFFFu, facts_.nan_code});
    }
    return runs;
  }

 private:
  static bool reached(Threshold const& t, double magnitude) {
    return t.inclusive ? magnitude >= t.at : magnitude > t.at;
  }

  /// The smallest binary32 magnitude, as bits, that reaches the threshold.
  static std::uint32_t first_float(Threshold const& t) {
    std::uint32_t low = 0;
    std::uint32_t high = 0x7F800000u;
    while (low < high) {
      std::uint32_t const middle = low + (high - low) / 2;
      if (reached(t, static_cast<double>(std::bit_cast<float>(middle)))) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  [[nodiscard]] std::uint32_t infinity(bool negative) const {
    if (facts_.kind == Kind::integer)
      return facts_.with_sign(facts_.last(negative), negative);
    bool const minus = negative && facts_.is_signed;
    return to_special_ ? facts_.overflow_code | (minus ? facts_.sign() : 0u)
                       : facts_.with_sign(facts_.max_code, minus);
  }

  // What the modes mean for magnitudes on one side of zero.
  enum class Toward : std::uint8_t { even, away_on_tie, zero, infinity, odd };

  [[nodiscard]] Toward toward(bool negative) const {
    switch (mode_) {
      case Mode::nearest_even:
        return Toward::even;
      case Mode::nearest_away:
        return Toward::away_on_tie;
      case Mode::toward_zero:
        return Toward::zero;
      case Mode::up:
        return negative ? Toward::zero : Toward::infinity;
      case Mode::down:
        return negative ? Toward::infinity : Toward::zero;
      case Mode::to_odd:
        break;
    }
    return Toward::odd;
  }

  // The step from magnitude code c to c + 1.
  [[nodiscard]] std::pair<double, bool> step(std::uint32_t c, Toward toward) const {
    double const low = facts_.magnitude(c);
    double const high = facts_.magnitude(c + 1);
    double const middle = (low + high) / 2;
    bool const odd = (c & 1) != 0;
    switch (toward) {
      case Toward::even:
        return {middle, odd};
      case Toward::away_on_tie:
        return {middle, true};
      case Toward::zero:
        return {high, true};
      case Toward::infinity:
        return {low, false};
      case Toward::odd:
        break;
    }
    return {odd ? high : low, odd};
  }

  void build(bool negative_argument) {
    // Formats without a sign take the magnitude; unsigned integers have nothing below zero.
    bool const negative = negative_argument && (facts_.is_signed || facts_.kind == Kind::integer);
    auto& side = sides_[negative_argument ? 1 : 0];
    std::uint32_t const last = facts_.last(negative);
    side.push_back({0.0, true, facts_.with_sign(0, negative)});
    for (std::uint32_t c = 0; c < last; ++c) {
      auto const [at, inclusive] = step(c, toward(negative));
      side.push_back({at, inclusive, facts_.with_sign(c + 1, negative)});
    }
    // Finite values overflow only in modes that may round away from zero.
    Toward const direction = toward(negative);
    bool const overflows = to_special_ && facts_.kind != Kind::integer &&
                           facts_.overflow_code != facts_.max_code && direction != Toward::zero &&
                           direction != Toward::odd;
    if (overflows) {
      auto const [at, inclusive] = step(last, direction);
      side.push_back({at, inclusive, facts_.overflow_code | (negative ? facts_.sign() : 0u)});
    }
  }

  Facts facts_;
  Mode mode_;
  bool to_special_;
  std::vector<Threshold> sides_[2];
};

/// O2: the code whose value is nearest to x, found by looking at all of them; ties to the even
/// code. For finite x and saturating formats of at most 8 bits.
inline std::uint32_t nearest(Facts const& facts, double x) {
  std::uint32_t best = 0;
  auto best_distance = std::numeric_limits<long double>::infinity();
  bool const negative = std::signbit(x);
  if (negative && facts.kind != Kind::integer && !facts.is_signed)
    x = -x;
  for (std::uint32_t code = 0; code <= facts.mask(); ++code) {
    double const value = facts.value(code);
    if (!std::isfinite(value) || (facts.symmetric && code == facts.max_code + 1))
      continue;
    long double const distance =
        std::fabs(static_cast<long double>(x) - static_cast<long double>(value));
    if (distance < best_distance || (distance == best_distance && (code & 1) == 0)) {
      // Of the two zeros, the one with the sign of x.
      if (value == 0.0 && distance == best_distance && std::signbit(value) != negative)
        continue;
      best = code;
      best_distance = distance;
    }
  }
  if (facts.value(best) == 0.0)
    return facts.with_sign(0, negative && facts.is_signed);
  return best;
}

}  // namespace qfmt::test::oracle
