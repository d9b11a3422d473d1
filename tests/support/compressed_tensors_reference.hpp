// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <support/oracle.hpp>
#include <vector>

// What compressed-tensors 0.20 computes for a tile of a weight, step by step in the weight's own
// type, as found by running the package (CPU, PyTorch). Written from that description alone;
// includes nothing of the library. Rounding to 16-bit types is oracle O1's.

namespace qfmt::test::reference {

/// The type of a weight, D. Every operation is done in binary32 and then rounded to D.
class Type {
 public:
  static Type fp32() { return Type{nullptr, 23, 8, 0x1p-126f, 0x1p-23f}; }
  static Type bf16() { return Type{"BF16", 7, 8, 0x1p-126f, 0x1p-7f}; }
  static Type fp16() { return Type{"FP16", 10, 5, 0x1p-14f, 0x1p-10f}; }

  [[nodiscard]] float round(float x) const {
    if (facts_ == nullptr || std::isnan(x))
      return x;
    return static_cast<float>(facts_->value(encoders_[0](static_cast<double>(x))));
  }

  /// The bits of a value of this type.
  [[nodiscard]] std::uint32_t bits(float x) const {
    return facts_ == nullptr ? std::bit_cast<std::uint32_t>(x)
                             : encoders_[0](static_cast<double>(x));
  }

  int mantissa_bits;
  int exponent_bits;
  float smallest_normal;
  float epsilon;  // takes the place of a scale that is zero

 private:
  Type(char const* name, int mantissa, int exponent, float normal, float eps)
      : mantissa_bits{mantissa}, exponent_bits{exponent}, smallest_normal{normal}, epsilon{eps} {
    if (name == nullptr)
      return;
    facts_ = oracle::find(name);
    encoders_.emplace_back(*facts_, oracle::Mode::nearest_even, true);
  }

  oracle::Facts const* facts_ = nullptr;
  std::vector<oracle::Encoder> encoders_;
};

struct Extremes {
  float low = 0.0f;                                                            // min(values, 0)
  float high = 0.0f;                                                           // max(values, 0)
  [[nodiscard]] float amax() const { return std::max(std::fabs(low), high); }  // never -0
};

inline Extremes extremes(std::vector<float> const& values) {
  Extremes e;
  for (float const x : values) {
    e.low = std::min(e.low, x);
    e.high = std::max(e.high, x);
  }
  return e;
}

// ---- Integers and FP8
// ----------------------------------------------------------------------------

inline float symmetric_scale(Type const& d, float amax, float half_range) {
  float const s = d.round(amax / half_range);
  return s == 0.0f ? d.epsilon : s;
}

struct Affine {
  float scale;
  float zero_point;
};

inline Affine asymmetric(Type const& d, Extremes e, float lowest, float highest) {
  float const s0 = d.round(d.round(e.high - e.low) / (highest - lowest));
  float const z = d.round(lowest - d.round(e.low / s0));
  float const clamped =
      std::min(std::max(z, lowest), highest);  // NaN stays in std::max's first argument
  return {s0 == 0.0f ? d.epsilon : s0, std::isnan(z) ? 0.0f : std::nearbyint(clamped)};
}

/// Quotient, zero point, clamp, in this order: what is then rounded to an integer or to E4M3.
inline float scaled(Type const& d, float x, float scale, float zero_point, float lowest,
                    float highest) {
  float const t = d.round(d.round(x / scale) + zero_point);
  return std::min(std::max(t, lowest), highest);
}

/// As a two's complement byte.
inline std::uint32_t integer_code(float t, int bits) {
  auto const value = static_cast<std::int32_t>(std::nearbyint(t));
  return static_cast<std::uint32_t>(value) & ((1u << bits) - 1);
}

inline std::uint32_t e4m3_code(float t) {
  static oracle::Encoder const encoder{*oracle::find("E4M3"), oracle::Mode::nearest_even, false};
  return encoder(static_cast<double>(t));
}

/// By the thresholds of the package; the sign bit is set exactly for t < 0.
inline std::uint32_t fp4_code(float t) {
  float const a = std::fabs(t);
  std::uint32_t const magnitude = a <= 0.25f   ? 0
                                  : a < 0.75f  ? 1
                                  : a <= 1.25f ? 2
                                  : a < 1.75f  ? 3
                                  : a <= 2.5f  ? 4
                                  : a < 3.5f   ? 5
                                  : a <= 5.0f  ? 6
                                               : 7;
  return magnitude | (t < 0.0f ? 8u : 0u);
}

// ---- NVFP4
// ---------------------------------------------------------------------------------------

inline float nvfp4_global_scale(Type const& d, float amax) {
  float const a = std::max(amax, d.smallest_normal);
  float const g = d.round(d.round(1.0f / a) * 2688.0f);
  return std::isfinite(g) ? g : 1.0f;
}

inline std::uint32_t nvfp4_scale_code(Type const& d, float amax, float global) {
  float const local = d.round(amax / 6.0f);
  std::uint32_t const code = e4m3_code(std::min(global * local, 448.0f));
  return code == 0 ? 0x20u : code;
}

inline float nvfp4_effective_scale(std::uint32_t code, float global) {
  return static_cast<float>(oracle::find("E4M3")->value(code)) / global;
}

// ---- MX
// ------------------------------------------------------------------------------------------

/// The E8M0 byte. Weights for which the package leaves the range of E8M0 (an exponent field of all
/// ones after rounding) are undefined behaviour there: -1.
inline int mx_scale_code(Type const& d, float amax, int offset) {
  std::uint32_t const p = (d.bits(amax) + (1u << (d.mantissa_bits - 2))) >> d.mantissa_bits;
  int const bias = (1 << (d.exponent_bits - 1)) - 1;
  if (p == (1u << d.exponent_bits) - 1)
    return -1;
  int const e = p == 0 ? 0 : std::clamp(127 + static_cast<int>(p) - bias - offset, 0, 255);
  float const scale = d.round(std::ldexp(1.0f, e - 127));
  return scale == 0.0f ? 127 : e;
}

}  // namespace qfmt::test::reference
