// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Testing one's own conversion. Below is an encoder of E4M3 as it is often written first: right for
// nearly every number, and wrong in three ways that a test with random numbers hardly finds.

#include <cmath>
#include <cstdio>
#include <cstring>

#include <qfmt/conformance.hpp>
#include <qfmt/formats/e4m3.hpp>

namespace {

/// A tie goes up; subnormals and NaN were forgotten.
std::uint8_t half_right(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  std::uint32_t const sign = bits >> 24 & 0x80;
  std::uint32_t const rounded = ((bits & 0x7FFFFFFF) + (1u << 19)) >> 20;
  std::uint32_t const bias = (127 - 7) << 3;
  std::uint32_t const code = rounded < bias ? 0 : rounded - bias;
  return static_cast<std::uint8_t>(sign | (code < 0x7E ? code : 0x7E));
}

/// The same, put right: ties to the even code, subnormals by their own step, NaN.
std::uint8_t right(float x) {
  std::uint8_t const sign = std::signbit(x) ? 0x80 : 0;
  float const magnitude = std::fabs(x);
  if (std::isnan(x))
    return 0x7F;
  if (magnitude >= 448.0f)
    return sign | 0x7E;
  int const exponent = magnitude < 0x1p-6f ? -6 : std::ilogb(magnitude);
  int const steps = static_cast<int>(std::nearbyint(std::ldexp(magnitude, 3 - exponent)));
  return sign | static_cast<std::uint8_t>(steps + (exponent + 6) * 8);
}

}  // namespace

int main() {
  auto const first = qfmt::conformance::check<qfmt::E4M3>(half_right);
  std::printf("%s\n", first.text().c_str());
  auto const second = qfmt::conformance::check<qfmt::E4M3>(right);
  std::printf("%s\n", second.text().c_str());

  // What the first one gets wrong.
  bool const caught = first.mismatches > 0 && half_right(1.3f) == right(1.3f) &&
                      half_right(1.0625f) != right(1.0625f) &&  // a tie
                      half_right(0x1p-9f) != right(0x1p-9f) &&  // a subnormal
                      half_right(NAN) != right(NAN);
  return caught && second.mismatches == 0 ? 0 : 1;
}
