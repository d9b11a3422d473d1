// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include <qfmt/core/bit.hpp>

namespace qfmt {

namespace detail {

/// 1 + z/3 + z^2/5 + ... + z^8/17. Written out, since compilers vectorize only loops without loops
/// inside.
constexpr double odd_series(double z) noexcept {
  double sum = z * (1.0 / 17) + 1.0 / 15;
  sum = sum * z + 1.0 / 13;
  sum = sum * z + 1.0 / 11;
  sum = sum * z + 1.0 / 9;
  sum = sum * z + 1.0 / 7;
  sum = sum * z + 1.0 / 5;
  sum = sum * z + 1.0 / 3;
  return sum * z + 1.0;
}

/// 1 + t + t^2/2! + ... + t^12/12!
constexpr double exponential_series(double t) noexcept {
  double sum = t * (1.0 / 479001600) + 1.0 / 39916800;
  sum = sum * t + 1.0 / 3628800;
  sum = sum * t + 1.0 / 362880;
  sum = sum * t + 1.0 / 40320;
  sum = sum * t + 1.0 / 5040;
  sum = sum * t + 1.0 / 720;
  sum = sum * t + 1.0 / 120;
  sum = sum * t + 1.0 / 24;
  sum = sum * t + 1.0 / 6;
  sum = sum * t + 0.5;
  sum = sum * t + 1.0;
  return sum * t + 1.0;
}

}  // namespace detail

/// x^exponent for several x >= 0, exponent > 0 and at most 16: exp2(exponent * log2(x)) in binary64,
/// rounded once to binary32; the nearest value but for about one in a hundred thousand. No C library
/// is asked, so the result is the same wherever binary64 is IEEE arithmetic without contraction.
///
/// 0 gives 0, infinity infinity, NaN itself; what is too large becomes infinity.
template <std::size_t N>
[[nodiscard]] constexpr std::array<float, N> power(std::array<float, N> const& x,
                                                   float exponent) noexcept {
  constexpr double log_2 = 0.69314718055994531;
  constexpr double beyond = 0x1.ffffffp127;  // from here on, infinity is nearest
  constexpr float largest = 0x1.fffffep127f;
  constexpr float infinity = bit_cast<float>(IeeeTraits<float>::infinity);
  std::array<float, N> powers{};
  for (std::size_t i = 0; i < N; ++i) {  // no branches, for the sake of vectors
    // x = m * 2^e with m close to [sqrt(1/2), sqrt(2)); as binary64, every x is normal.
    uint64_t const bits = bit_cast<uint64_t>(static_cast<double>(x[i]));
    constexpr uint32_t root_half = 0x3FE6A09E;
    int const e =
        static_cast<int>((static_cast<uint32_t>(bits >> 32) - root_half + (1024u << 20)) >> 20) -
        1024;
    double const m = bit_cast<double>(bits - (static_cast<uint64_t>(e) << 52));

    // log(m) = 2 (s + s^3/3 + s^5/5 + ...), s = (m - 1) / (m + 1), |s| < 0.172
    double const s = (m - 1.0) / (m + 1.0);
    double const log2_x = e + 2.0 / log_2 * s * detail::odd_series(s * s);
    double y = static_cast<double>(exponent) * log2_x;
    y = y > -152.0 ? y : -152.0;
    y = y < 128.0 ? y : 128.0;

    // 2^y = 2^n * exp(t), n the integer nearest to y, |t| <= log(2) / 2
    int const n = static_cast<int>(y + 512.5) - 512;
    double const t = (y - n) * log_2;
    double const value =
        detail::exponential_series(t) * bit_cast<double>(static_cast<uint64_t>(n + 1023) << 52);
    auto const rounded = static_cast<float>(value < beyond ? value : 0.0);
    float const power = value < beyond ? rounded : infinity;
    float const finite = x[i] <= largest ? power : x[i];
    powers[i] = x[i] > 0.0f ? finite : x[i];
  }
  return powers;
}

/// The same for one x.
[[nodiscard]] constexpr float power(float x, float exponent) noexcept {
  return power(std::array{x}, exponent)[0];
}

}  // namespace qfmt
