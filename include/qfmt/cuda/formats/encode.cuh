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

/// Formats that the additions below encode. (BF16's largest numbers would need one of infinity.)
template <class F>
inline constexpr bool rounds_by_addition = false;
template <FloatFormat F>
inline constexpr bool rounds_by_addition<F> = F::has_zero&& F::bits <= 8;
template <IntegerFormat F>
inline constexpr bool rounds_by_addition<F> = F::bits <= 8;

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
requires(rounds_by_addition<F> && 32 % F::bits == 0 && F::is_signed && F::has_negative_zero)
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

namespace detail {

/// x as a code by stochastic rounding; `draw` has the random bits at its top, and zeros below. The
/// significand of 24 bits becomes a fixed-point number of F's steps with 32 bits behind the point, and
/// the draw is added there: a carry out of the fraction rounds up. What lies below 2^-32 of a step
/// cannot matter, so neither can any subnormal of binary32: all formats but BF16.
template <FloatWithZero F, OverflowMode O>
requires(F::min_exponent >= F::mantissa_bits - 94)
    [[nodiscard]] QFMT_HOST_DEVICE constexpr Code<F> encode_stochastic(float x,
                                                                       uint32_t draw) noexcept {
  constexpr int lowest = IeeeTraits<float>::bias + F::min_exponent;
  constexpr int of_normals = 23 - F::mantissa_bits;
  uint32_t const magnitude = magnitude_bits(x);
  int const field = static_cast<int>(magnitude >> 23);
  int const exponent = field > lowest ? field : lowest;
  int const shift = of_normals + exponent - field;
  uint64_t const significand = uint64_t{(magnitude & 0x7FFFFF) | 0x800000} << 32;
  uint64_t const steps = (significand >> (shift < 63 ? shift : 63)) + draw;
  uint32_t code = static_cast<uint32_t>(steps >> 32) +
                  (static_cast<uint32_t>(exponent - lowest) << F::mantissa_bits);
  if (code > F::max_code)
    code = same_as<O, Saturate> ? F::max_code : F::overflow_code;
  if (F::is_signed && (F::has_negative_zero || code != 0))
    code |= bit_cast<uint32_t>(x) >> (32 - F::bits) & F::sign_mask;
  return {static_cast<typename F::storage_type>(is_nan(x) ? F::nan_code : code)};
}

/// The same for an integer format; numbers beyond twice its range are taken as that.
template <IntegerFormat F, OverflowMode O>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Code<F> encode_stochastic(float x,
                                                                   uint32_t draw) noexcept {
  constexpr int last =
      150 - F::spec.fraction_bits;  // the field of numbers whose last bit is a unit
  constexpr int largest = last - 23 + F::bits;
  uint32_t const magnitude = magnitude_bits(x);
  int const field = static_cast<int>(magnitude >> 23);
  int const shift = last - (field < largest ? field : largest);
  uint64_t const significand = uint64_t{(magnitude & 0x7FFFFF) | 0x800000} << 32;
  uint64_t const units = (significand >> (shift < 63 ? shift : 63)) + draw;
  uint32_t const rounded = static_cast<uint32_t>(units >> 32);
  uint32_t const limit = static_cast<uint32_t>(is_negative(x) ? -F::min_int : F::max_int);
  int32_t const clamped = static_cast<int32_t>(rounded < limit ? rounded : limit);
  return {F::from_int(is_nan(x) ? F::max_int : is_negative(x) ? -clamped : clamped)};
}

template <class R>
inline constexpr bool is_stochastic = false;
template <int RandomBits>
inline constexpr bool is_stochastic<Stochastic<RandomBits>> = true;

}  // namespace detail

/// The codes of N numbers by stochastic rounding, encode<F, R, O>(x, R{random}) for each: the host's
/// codes for the same bits. R says how many of the 32 bits count. Not for codebooks and E8M0,
/// which have no stochastic rounding.
///
///     auto const random = cuda::random_words<8>(Philox{seed}, index);  // elements index to index + 7
///     auto const codes = cuda::encode<E4M3, Stochastic<8>>(x, random);
///
/// The cvt.rs instructions of sm_100a are not used: a word of random bits serves four values there.
template <ElementFormat F, class R = Stochastic<32>, OverflowMode O = Saturate, int N>
requires(detail::is_stochastic<R> && (FloatWithZero<F> || IntegerFormat<F>))
    [[nodiscard]] QFMT_HOST_DEVICE constexpr Codes<F, N> encode(
        Values<float, N> const& x, RandomWords<N> const& random) noexcept {
  Codes<F, N> codes;
  for (int i = 0; i < N; ++i) {
    uint32_t const draw = random.word[i] << (32 - R::random_bits);
    if constexpr (requires { detail::encode_stochastic<F, O>(x[i], draw); })
      codes.set(i, detail::encode_stochastic<F, O>(x[i], draw));
    else
      codes.set(i, qfmt::encode<F, R, O>(x[i], R{random.word[i]}));
  }
  return codes;
}

}  // namespace qfmt::cuda
