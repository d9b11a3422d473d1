// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/config.hpp>

namespace qfmt {

/// The bits of `from` read as a `To` of the same size. Like std::bit_cast, but usable in device
/// code and under NVRTC without extra compiler flags.
template <class To, class From>
requires(sizeof(To) == sizeof(From)) QFMT_HOST_DEVICE constexpr To
    bit_cast(From const& from) noexcept {
  return __builtin_bit_cast(To, from);
}

/// The fields of an IEEE binary format: the integer that carries its bits, the bits of its mantissa
/// field and its bias; the bit that normal numbers do not write; and infinity. Larger magnitudes
/// than infinity are NaN.
template <class Bits, int MantissaBits, int Bias>
struct IeeeFields {
  using bits_type = Bits;
  static constexpr int mantissa_bits = MantissaBits;
  static constexpr int bias = Bias;
  static constexpr Bits hidden_bit = Bits{1} << MantissaBits;
  static constexpr Bits infinity = static_cast<Bits>(2 * Bias + 1) << MantissaBits;
};

template <class T>
struct IeeeTraits;
template <>
struct IeeeTraits<float> : IeeeFields<uint32_t, 23, 127> {};
template <>
struct IeeeTraits<double> : IeeeFields<uint64_t, 52, 1023> {};

/// |x| as bits: comparing these integers orders magnitudes, NaN above infinity above all numbers.
template <floating_point T>
QFMT_HOST_DEVICE constexpr auto magnitude_bits(T x) noexcept {
  using Bits = typename IeeeTraits<T>::bits_type;
  return static_cast<Bits>(bit_cast<Bits>(x) & (static_cast<Bits>(~Bits{0}) >> 1));
}

template <floating_point T>
QFMT_HOST_DEVICE constexpr bool is_negative(T x) noexcept {
  using Bits = typename IeeeTraits<T>::bits_type;
  return (bit_cast<Bits>(x) >> (8 * sizeof(T) - 1)) != 0;
}

/// True for every value but NaN and infinity. Decided on the bits, so it holds under -ffast-math.
template <floating_point T>
QFMT_HOST_DEVICE constexpr bool is_finite(T x) noexcept {
  return magnitude_bits(x) < IeeeTraits<T>::infinity;
}

template <floating_point T>
QFMT_HOST_DEVICE constexpr bool is_nan(T x) noexcept {
  return magnitude_bits(x) > IeeeTraits<T>::infinity;
}

/// An integer that orders like the value it is made from, -NaN below and +NaN above all numbers and
/// -0 below +0. Non-negative floats order like their bits, negative ones the other way round:
/// flipping the magnitude bits of the negative ones makes all of them order like signed integers.
QFMT_HOST_DEVICE constexpr int32_t order_key(float x) noexcept {
  int32_t const bits = bit_cast<int32_t>(x);
  return bits < 0 ? bits ^ 0x7FFFFFFF : bits;
}
QFMT_HOST_DEVICE constexpr int64_t order_key(double x) noexcept {
  int64_t const bits = bit_cast<int64_t>(x);
  return bits < 0 ? bits ^ 0x7FFFFFFFFFFFFFFF : bits;
}

/// The inverse of order_key.
QFMT_HOST_DEVICE constexpr float from_order_key(int32_t key) noexcept {
  return bit_cast<float>(key < 0 ? key ^ 0x7FFFFFFF : key);
}
QFMT_HOST_DEVICE constexpr double from_order_key(int64_t key) noexcept {
  return bit_cast<double>(key < 0 ? key ^ 0x7FFFFFFFFFFFFFFF : key);
}

/// 2^exponent for exponents -149 to 127, exact, subnormal results included.
QFMT_HOST_DEVICE constexpr float power_of_two(int exponent) noexcept {
  return bit_cast<float>(exponent < -126 ? uint32_t{1} << (exponent + 149)
                                         : static_cast<uint32_t>(exponent + 127) << 23);
}

}  // namespace qfmt
