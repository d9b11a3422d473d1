// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>
#include <support/laws/violations.hpp>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/formats/convert.hpp>
#include <qfmt/scaling/scale_policy.hpp>

// What holds for every scale policy P with format F under profile N, for tensors of T. The laws are
// written against AnyPolicy, which forgets the types, so that they are compiled once.

namespace qfmt::test::laws {

struct AnyPolicy {
  std::string name;
  float lowest, highest;  // values of the format's ends
  /// The number that a tile's codes are multiplied by, for a tile within a tensor of that largest
  /// magnitude.
  float (*scale)(Range tile, float tensor);
  float (*zero_point)(Range tile, float tensor);
  /// decode(encode(x)) of the format.
  float (*to_grid)(float x);
};

template <class P, class F, class N = profile::Qfmt, class T = float>
AnyPolicy any_policy() {
  return {std::string{P::name} + ", " + F::name + ", " + N::name,
          min_value<F>(),
          max_value<F>(),
          [](Range tile, float tensor) {
            auto const global = P::template fit_global<F, N, T>(tensor);
            return P::effective(P::template fit<F, N, T>(tile, global).scale, global);
          },
          [](Range tile, float tensor) {
            return static_cast<float>(
                P::template fit<F, N, T>(tile, P::template fit_global<F, N, T>(tensor)).zero_point);
          },
          [](float x) { return decode(encode<F>(x)); }};
}

/// Ranges of all sizes: some with both signs, some one-sided.
inline std::vector<Range> sample_ranges(int lowest_exponent, int highest_exponent) {
  std::vector<Range> ranges;
  Samples samples{21};
  for (int exponent = lowest_exponent; exponent <= highest_exponent; ++exponent) {
    for (int i = 0; i < 8; ++i) {
      auto const high = static_cast<float>(std::ldexp(1.0 + samples.uniform(), exponent));
      auto const low = static_cast<float>(-std::ldexp(samples.uniform(), exponent));
      if (!std::isfinite(high))
        continue;
      switch (i % 4) {
        case 0:
          ranges.push_back({low, high});
          break;
        case 1:
          ranges.push_back({-high, -low});
          break;
        case 2:
          ranges.push_back({0.0f, high});
          break;
        default:
          ranges.push_back({-high, 0.0f});
          break;
      }
    }
    float const power = std::ldexp(1.0f, exponent);
    ranges.push_back({-power, power});
  }
  return ranges;
}

inline std::string show(Range range) {
  return "[" + std::to_string(range.min) + ", " + std::to_string(range.max) + "], amax " +
         std::to_string(range.amax());
}

/// A tile of zeros has a finite positive scale, and its zeros stay zeros.
inline Violations zeros_stay_zeros(AnyPolicy const& policy) {
  Violations found{policy.name + ": zero tile"};
  for (float const tensor :
       {0.0f, 0x1p-149f, 0x1p-126f, 1.0f, 0x1p100f, (std::numeric_limits<float>::max)()}) {
    for (float const zero : {0.0f, -0.0f}) {
      Range const tile{-0.0f, zero};
      float const scale = policy.scale(tile, tensor);
      float const zero_point = policy.zero_point(tile, tensor);
      float const code = policy.to_grid(zero / scale + zero_point);
      bool const good = std::isfinite(scale) && scale > 0.0f && (code - zero_point) * scale == 0.0f;
      found.expect(good, [&] {
        return "scale " + std::to_string(scale) + " in a tensor with amax " +
               std::to_string(tensor);
      });
    }
  }
  return found;
}

/// Whatever the finite range, the scale is a finite positive number.
inline Violations scale_is_a_number(AnyPolicy const& policy) {
  Violations found{policy.name + ": the scale is finite and positive"};
  auto ranges = sample_ranges(-149, 127);
  float const largest = (std::numeric_limits<float>::max)();
  for (Range const r : {Range{-largest, largest}, Range{0.0f, largest}, Range{-largest, 0.0f},
                        Range{0.0f, 0x1p-149f}, Range{-0x1p-149f, 0.0f}}) {
    ranges.push_back(r);
  }
  for (Range const range : ranges) {
    for (float const tensor : {range.amax(), std::fmax(range.amax(), 1.0f), largest}) {
      float const scale = policy.scale(range, tensor);
      float const zero_point = policy.zero_point(range, tensor);
      bool const good = std::isfinite(scale) && scale > 0.0f && std::isfinite(zero_point);
      found.expect(good, [&] { return show(range) + ": scale " + std::to_string(scale); });
    }
  }
  return found;
}

/// A tile (and its tensor) 2^k times as large has a scale 2^k times as large and the same zero
/// point, as long as nothing leaves the range of normal numbers: exponents of the tile and of the
/// larger one lie in [low, high].
inline Violations scales_with_powers_of_two(AnyPolicy const& policy, int low, int high) {
  Violations found{policy.name + ": scaling by powers of two"};
  for (Range const range : sample_ranges(low, high)) {
    int const exponent = std::ilogb(range.amax());
    float const scale = policy.scale(range, range.amax());
    for (int const k : {-40, -7, -1, 1, 2, 25}) {
      if (exponent + k < low || exponent + k > high)
        continue;
      Range const other{std::ldexp(range.min, k), std::ldexp(range.max, k)};
      float const other_scale = policy.scale(other, other.amax());
      bool const good =
          other_scale == std::ldexp(scale, k) &&
          policy.zero_point(other, other.amax()) == policy.zero_point(range, range.amax());
      found.expect(good, [&] { return show(range) + " times 2^" + std::to_string(k); });
    }
  }
  return found;
}

/// A wider range never has a smaller scale.
inline Violations scale_is_monotone(AnyPolicy const& policy) {
  Violations found{policy.name + ": the scale grows with the range"};
  float before = 0.0f;
  for (int exponent = -120; exponent < 120; ++exponent) {
    for (int step = 0; step < 64; ++step) {
      auto const amax = static_cast<float>(std::ldexp(1.0 + step / 64.0, exponent));
      float const scale = policy.scale({-amax, amax}, 0x1p120f);
      found.expect(scale >= before, [&] { return "amax " + std::to_string(amax); });
      before = scale;
    }
  }
  return found;
}

/// The extremes of the tile, divided by its scale, exceed the ends of the format at most by `clip`,
/// given as a fraction of the largest value, plus `codes` steps of one; and the larger of them
/// reaches at least `used` of the half range, so that no codes are wasted. Exponents of the tile in
/// [low, high].
inline Violations extremes_fit(AnyPolicy const& policy, double clip, double codes, double used,
                               int low, int high) {
  Violations found{policy.name + ": the extremes fit"};
  double const highest = static_cast<double>(policy.highest);
  double const lowest = static_cast<double>(policy.lowest);
  for (Range const range : sample_ranges(low, high)) {
    auto const scale = static_cast<double>(policy.scale(range, range.amax()));
    auto const zero_point = static_cast<double>(policy.zero_point(range, range.amax()));
    double const top = static_cast<double>(range.max) / scale + zero_point;
    double const bottom = static_cast<double>(range.min) / scale + zero_point;
    bool const inside =
        top <= highest + clip * highest + codes && bottom >= lowest - clip * highest - codes;
    double const span = std::fmax(top - zero_point, zero_point - bottom);
    bool const enough = span >= used * (highest - lowest) / 2;
    found.expect(inside && enough, [&] {
      return show(range) + " becomes [" + std::to_string(bottom) + ", " + std::to_string(top) + "]";
    });
  }
  return found;
}

}  // namespace qfmt::test::laws
