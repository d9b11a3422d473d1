// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/formats/vectors.cuh>
#include <qfmt/cuda/ptx/arithmetic.cuh>
#include <qfmt/cuda/ptx/bits.cuh>
#include <qfmt/cuda/ptx/convert.cuh>
#include <qfmt/formats/e2m1.hpp>
#include <qfmt/formats/e4m3.hpp>
#include <qfmt/formats/e5m2.hpp>

// Numbers to codes, several at a time: what encode<F>(x) gives for each.

namespace qfmt::cuda {

namespace detail {

/// The code of the magnitude of a number that is not NaN, in six instructions without a branch.
///
/// An addition does the rounding. The power of two at which binary32's last bit is worth one step
/// of F in the binade of the number is added: the sum rounds to a whole number of steps, which is
/// then its low bits.
///
///     a       min(|x|, largest)
///     E       the exponent field of a, at least that of F's smallest normal number
///     magic   2^E * 2^(23 - M)
///     code    (a + magic) - magic in steps, plus 2^M for each binade above the first
///
/// Needs round-to-nearest-even arithmetic, which device code always has; subnormals may be flushed,
/// as they are far below half a step.
template <FloatFormat F>
[[nodiscard]] QFMT_HOST_DEVICE constexpr uint32_t encode_magnitude(float x) noexcept {
  constexpr int mantissa = F::mantissa_bits;
  constexpr float largest = max_value<F>();
  constexpr uint32_t lowest = bit_cast<uint32_t>(power_of_two(F::min_exponent));

  float a = 0.0f;
  if (__builtin_is_constant_evaluated()) {
    a = bit_cast<float>(magnitude_bits(x));
    a = a < largest ? a : largest;
  } else {
    a = ptx::smaller(ptx::magnitude(x), largest);
  }
  uint32_t const bits = bit_cast<uint32_t>(a);
  uint32_t const exponent = ptx::opaque((bits < lowest ? lowest : bits) >> 23);
  uint32_t const magic = (exponent << 23) + (static_cast<uint32_t>(23 - mantissa) << 23);
  uint32_t const sum = bit_cast<uint32_t>(a + bit_cast<float>(magic));
  // sum - magic + ((exponent - lowest >> 23) << M): one multiplication, and one constant.
  constexpr uint32_t constant =
      (static_cast<uint32_t>(23 - mantissa) << 23) + ((lowest >> 23) << mantissa);
  return sum - exponent * ((1u << 23) - (1u << mantissa)) - constant;
}

/// encode<F>(x), to nearest even and saturating.
template <FloatFormat F>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Code<F> encode_by_addition(float x) noexcept {
  uint32_t code = encode_magnitude<F>(x);
  if (F::is_signed && (code != 0 || F::has_negative_zero))
    code |= bit_cast<uint32_t>(x) >> (32 - F::bits) & (1u << (F::bits - 1));
  constexpr uint32_t of_nan = F::has_nan ? F::nan_code : F::max_code;
  return {static_cast<typename F::storage_type>(is_nan(x) ? of_nan : code)};
}

/// The sign bits of up to eight numbers where codes of 4 bits have them.
template <int N>
[[nodiscard]] QFMT_HOST_DEVICE constexpr uint32_t nibble_signs(uint32_t const* x) noexcept {
  constexpr auto at = [](uint32_t const* from, int i) { return i < N ? from[i] : 0u; };
  auto const upper_bytes = [&](int first) {  // of every other number
    uint32_t const low = ptx::permute(at(x, first), at(x, first + 2), 0x0073);
    uint32_t const high = ptx::permute(at(x, first + 4), at(x, first + 6), 0x0073);
    return ptx::permute(low, high, 0x5410);
  };
  return (upper_bytes(1) & 0x80808080) | (upper_bytes(0) >> 4 & 0x08080808);
}

/// N codes that fill words, of numbers that are not NaN. As one sum, in which the constants of all
/// codes meet.
template <FloatFormat F, int N>
requires(32 % F::bits == 0 && F::is_signed && F::has_negative_zero)
    [[nodiscard]] QFMT_HOST_DEVICE constexpr Codes<F, N> encode_by_addition(
        Values<float, N> const& x) noexcept {
  constexpr int in_word = 32 / F::bits;
  Codes<F, N> codes;
  for (int i = 0; i < N; ++i)
    codes.word[i / in_word] += encode_magnitude<F>(x[i]) << (i % in_word * F::bits);
  if constexpr (F::bits == 4) {
    for (int w = 0; w < codes.words; ++w) {
      constexpr int last = N % 8 == 0 ? 8 : N % 8;
      codes.word[w] += w + 1 < codes.words ? nibble_signs<8>(x.word + 8 * w)
                                           : nibble_signs<last>(x.word + 8 * w);
    }
  } else {
    for (int i = 0; i < N; ++i)
      codes.word[i / in_word] |= (x.word[i] & 0x80000000u) >> (32 - (i % in_word + 1) * F::bits);
  }
  return codes;
}

/// encode<F>(x) of an integer format: clamped, then the same addition, of 1.5 * 2^23.
template <IntegerFormat F>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Code<F> encode_by_addition(float x) noexcept {
  constexpr float lowest = static_cast<float>(F::min_int);
  constexpr float highest = static_cast<float>(F::max_int);
  float units = F::spec.fraction_bits == 0 ? x : x * power_of_two(F::spec.fraction_bits);
  if (__builtin_is_constant_evaluated()) {
    units = units < highest ? units : highest;  // NaN too
    units = units > lowest ? units : lowest;
  } else {
    units = ptx::larger(ptx::smaller(units, highest), lowest);
  }
  uint32_t const sum = bit_cast<uint32_t>(units + 12582912.0f);
  return {static_cast<typename F::storage_type>(sum & F::code_mask)};
}

template <class F>
inline constexpr bool rounds_by_addition = false;
template <FloatFormat F>
inline constexpr bool rounds_by_addition<F> = F::has_zero&& F::bits <= 8;
template <IntegerFormat F>
inline constexpr bool rounds_by_addition<F> = F::bits <= 8;

template <ElementFormat F>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Code<F> encode_one(float x) noexcept {
  if constexpr (rounds_by_addition<F>) {
    return encode_by_addition<F>(x);
  } else {
    return qfmt::encode<F>(x);
  }
}

}  // namespace detail

/// The codes of N numbers: encode<F>(x) for each, to nearest even and saturating. Where the
/// architecture has a conversion instruction, that one: its results are the same. `MayBeNaN` is
/// false where it is known that none of them is NaN.
template <ElementFormat F, bool MayBeNaN = true, int N>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Codes<F, N> encode(Values<float, N> const& x) noexcept {
  Codes<F, N> codes;
#if defined(QFMT_HAS_CVT_FP8)
  if constexpr (same_as<F, E4M3> || same_as<F, E5M2>) {
    if (!__builtin_is_constant_evaluated()) {
      for (int i = 0; i < N; i += 2) {
        float const next = i + 1 < N ? x[i + 1] : 0.0f;
        uint32_t const two =
            same_as<F, E4M3> ? ptx::f32x2_to_e4m3x2(x[i], next) : ptx::f32x2_to_e5m2x2(x[i], next);
        codes.word[i / 4] |= two << (i % 4 * 8);
      }
      return codes;
    }
  }
#endif
#if defined(QFMT_HAS_CVT_FP4)
  if constexpr (same_as<F, E2M1>) {
    if (!__builtin_is_constant_evaluated()) {
      for (int i = 0; i < N; i += 2) {
        float const next = i + 1 < N ? x[i + 1] : 0.0f;
        codes.word[i / 8] |= ptx::f32x2_to_e2m1x2(x[i], next) << (i % 8 * 4);
      }
      return codes;
    }
  }
#endif
  if constexpr ((!MayBeNaN || !F::has_nan) && requires { detail::encode_by_addition<F, N>(x); }) {
    Values<float, N> numbers = x;
    for (int i = 0; MayBeNaN && i < N; ++i) {
      if (is_nan(x[i]))
        numbers.set(i, max_value<F>());
    }
    return detail::encode_by_addition<F, N>(numbers);
  } else {
    for (int i = 0; i < N; ++i) codes.set(i, detail::encode_one<F>(x[i]));
  }
  return codes;
}

}  // namespace qfmt::cuda
