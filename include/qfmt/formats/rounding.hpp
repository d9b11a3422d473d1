// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/config.hpp>

namespace qfmt {

// A rounding mode drops the low `shift` bits of a significand: given n and the sign of the value,
// it returns n / 2^shift rounded to an integer, for 1 <= shift < width of Bits.
//
//     n    q q q q q r r r r r r      q: kept   r: the `shift` bits that go
//
// All modes are integer logic, so they do not depend on the floating-point environment.

/// To the nearest value; a tie goes to the even code. IEEE 754 roundTiesToEven.
struct NearestEven {
  template <unsigned_integral Bits>
  QFMT_HOST_DEVICE static constexpr Bits drop(Bits n, int shift, bool /*negative*/) noexcept {
    Bits const half_minus_one = static_cast<Bits>((Bits{1} << (shift - 1)) - 1);
    return static_cast<Bits>((n + half_minus_one + ((n >> shift) & 1)) >> shift);
  }
};

/// To the nearest value; a tie goes away from zero. IEEE 754 roundTiesToAway.
struct NearestAway {
  template <unsigned_integral Bits>
  QFMT_HOST_DEVICE static constexpr Bits drop(Bits n, int shift, bool /*negative*/) noexcept {
    return static_cast<Bits>((n + (Bits{1} << (shift - 1))) >> shift);
  }
};

/// To the neighbour that is not larger in magnitude. IEEE 754 roundTowardZero.
struct TowardZero {
  template <unsigned_integral Bits>
  QFMT_HOST_DEVICE static constexpr Bits drop(Bits n, int shift, bool /*negative*/) noexcept {
    return static_cast<Bits>(n >> shift);
  }
};

/// To the neighbour that is not smaller. IEEE 754 roundTowardPositive.
struct Up {
  template <unsigned_integral Bits>
  QFMT_HOST_DEVICE static constexpr Bits drop(Bits n, int shift, bool negative) noexcept {
    Bits const all_ones = negative ? Bits{0} : static_cast<Bits>((Bits{1} << shift) - 1);
    return static_cast<Bits>((n + all_ones) >> shift);
  }
};

/// To the neighbour that is not larger. IEEE 754 roundTowardNegative.
struct Down {
  template <unsigned_integral Bits>
  QFMT_HOST_DEVICE static constexpr Bits drop(Bits n, int shift, bool negative) noexcept {
    return Up::drop(n, shift, !negative);
  }
};

/// An exact value stays; every other value goes to the neighbour with the odd code. Rounding the
/// result again to a format with at least two mantissa bits fewer gives what rounding once would
/// have: the way through a narrow intermediate without double rounding.
struct ToOdd {
  template <unsigned_integral Bits>
  QFMT_HOST_DEVICE static constexpr Bits drop(Bits n, int shift, bool /*negative*/) noexcept {
    Bits const rest = static_cast<Bits>(n & ((Bits{1} << shift) - 1));
    return static_cast<Bits>((n >> shift) | (rest != 0 ? 1 : 0));
  }
};

/// Away from zero with a probability equal to the dropped fraction, cut to RandomBits bits: of all
/// the values that the low RandomBits bits of `random` can take, exactly
/// floor(fraction * 2^RandomBits) round away from zero, the others toward zero. Exact values stay.
/// Draw `random` from Philox (core/random.hpp): element i takes Philox{seed}(i). Any shift >= 1 is
/// allowed.
template <int RandomBits = 32>
requires(RandomBits >= 1 && RandomBits <= 32) struct Stochastic {
  static constexpr int random_bits = RandomBits;
  uint32_t random = 0;

  template <unsigned_integral Bits>
  QFMT_HOST_DEVICE constexpr Bits drop(Bits n, int shift, bool /*negative*/) const noexcept {
    constexpr int width = 8 * sizeof(Bits);
    Bits const kept = shift < width ? static_cast<Bits>(n >> shift) : Bits{0};
    Bits const rest = shift < width ? static_cast<Bits>(n & ((Bits{1} << shift) - 1)) : n;
    int const excess = shift - RandomBits;
    uint64_t const fraction = excess >= width ? 0
                              : excess >= 0   ? uint64_t{rest} >> excess
                                              : uint64_t{rest} << -excess;
    uint64_t const draw = random & ((uint64_t{1} << RandomBits) - 1);
    return static_cast<Bits>(kept + ((fraction + draw) >> RandomBits));
  }
};

/// Whether a mode, for this sign, never increases a magnitude: then a finite value that is too
/// large becomes the largest finite value under every overflow policy.
template <class R>
QFMT_HOST_DEVICE constexpr bool never_grows(bool negative) noexcept {
  if constexpr (same_as<R, Up>) {
    return negative;
  } else if constexpr (same_as<R, Down>) {
    return !negative;
  } else {
    return same_as<R, TowardZero> || same_as<R, ToOdd>;
  }
}

template <class R>
concept RoundingMode = requires(R const& mode, uint32_t n, uint64_t wide) {
  { mode.drop(n, 1, false) } -> same_as<uint32_t>;
  { mode.drop(wide, 1, false) } -> same_as<uint64_t>;
};

static_assert(RoundingMode<NearestEven> && RoundingMode<NearestAway> && RoundingMode<TowardZero>);
static_assert(RoundingMode<Up> && RoundingMode<Down> && RoundingMode<ToOdd>);
static_assert(RoundingMode<Stochastic<8>> && RoundingMode<Stochastic<32>>);
static_assert(NearestEven::drop(6u, 2, false) == 2 && NearestAway::drop(6u, 2, false) == 2);
static_assert(NearestEven::drop(10u, 2, false) == 2 && NearestAway::drop(10u, 2, false) == 3);

}  // namespace qfmt
