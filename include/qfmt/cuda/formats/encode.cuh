// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/formats/vectors.cuh>
#include <qfmt/cuda/ptx/convert.cuh>
#include <qfmt/formats/e2m1.hpp>
#include <qfmt/formats/e4m3.hpp>
#include <qfmt/formats/e5m2.hpp>

// Numbers to codes, several at a time: what encode<F>(x) gives for each.

namespace qfmt::cuda {

namespace detail {

/// encode<F>(x), to nearest even and saturating, in about a dozen instructions without a branch.
///
/// An addition does the rounding. The power of two at which binary32's last bit is worth one step
/// of F in the binade of x is added: the sum rounds x to a whole number of steps, which is then
/// its low bits.
///
///     a       min(|x|, largest)
///     binade  the power of two at or below a, at least F's smallest normal number
///     magic   binade * 2^(23 - M)
///     code    (a + magic) - magic in steps, plus 2^M for each binade above the first
///
/// Needs round-to-nearest-even arithmetic, which device code always has; subnormals may be flushed,
/// as they are far below half a step.
template <FloatFormat F>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Code<F> encode_by_addition(float x) noexcept {
  constexpr int mantissa = F::mantissa_bits;
  constexpr uint32_t exponent_mask = 0x7F800000u;
  constexpr uint32_t smallest_normal = bit_cast<uint32_t>(power_of_two(F::min_exponent));
  constexpr uint32_t largest = bit_cast<uint32_t>(max_value<F>());

  uint32_t const bits = bit_cast<uint32_t>(x);
  uint32_t const magnitude = bits & 0x7FFFFFFFu;
  uint32_t const a = magnitude < largest ? magnitude : largest;
  uint32_t const binade = (a < smallest_normal ? smallest_normal : a) & exponent_mask;
  uint32_t const magic = binade + (static_cast<uint32_t>(23 - mantissa) << 23);
  uint32_t const sum = bit_cast<uint32_t>(bit_cast<float>(a) + bit_cast<float>(magic));
  uint32_t const code = (sum - magic) + ((binade - smallest_normal) >> (23 - mantissa));

  uint32_t const sign =
      F::is_signed && (code != 0 || F::has_negative_zero) ? bits >> 31 << (F::bits - 1) : 0u;
  constexpr uint32_t of_nan = F::has_nan ? F::nan_code : F::max_code;
  return {static_cast<typename F::storage_type>(magnitude > exponent_mask ? of_nan : code | sign)};
}

template <class F>
inline constexpr bool rounds_by_addition = false;
template <FloatFormat F>
inline constexpr bool rounds_by_addition<F> = F::has_zero&& F::bits <= 8;

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
/// architecture has a conversion instruction, that one: its results are the same.
template <ElementFormat F, int N>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Codes<F, N> encode(Values<float, N> const& x) noexcept {
  Codes<F, N> codes;
#if defined(QFMT_HAS_CVT_FP8)
  if constexpr (N % 2 == 0 && (same_as<F, E4M3> || same_as<F, E5M2>)) {
    if (!__builtin_is_constant_evaluated()) {
      for (int i = 0; i < N; i += 2) {
        uint32_t const two = same_as<F, E4M3> ? ptx::f32x2_to_e4m3x2(x[i], x[i + 1])
                                              : ptx::f32x2_to_e5m2x2(x[i], x[i + 1]);
        codes.word[i / 4] |= two << (i % 4 * 8);
      }
      return codes;
    }
  }
#endif
#if defined(QFMT_HAS_CVT_FP4)
  if constexpr (N % 2 == 0 && same_as<F, E2M1>) {
    if (!__builtin_is_constant_evaluated()) {
      for (int i = 0; i < N; i += 2)
        codes.word[i / 8] |= ptx::f32x2_to_e2m1x2(x[i], x[i + 1]) << (i % 8 * 4);
      return codes;
    }
  }
#endif
  for (int i = 0; i < N; ++i) codes.set(i, detail::encode_one<F>(x[i]));
  return codes;
}

}  // namespace qfmt::cuda
