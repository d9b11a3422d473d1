// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/bit.hpp>
#include <qfmt/cuda/ptx/arithmetic.cuh>

namespace qfmt::cuda {

/// Many numbers divided by the same one: five multiplications and additions each, the quotient of
/// IEEE division bit for bit.
///
///     r   = 1 / d, rounded
///     q0  = x r                         within two units in the last place
///     q1  = q0 - (q0 d - x) r           within 1/2 + 2^-22
///     q   = q1 - (q1 d - x) r           x / d, rounded
///
/// Why the last step rounds correctly, with d in [1, 2): q1 d - x is exact, a multiple of
/// ulp(q) ulp(d) and below 2^24 of these. So q is the rounding of x/d + (q1 - x/d)(r d - 1), off by
/// at most 2^-26 d (1 + 2^-21) ulp(q). A number halfway between two floats is no quotient of floats,
/// and no quotient is closer to one than 2^-24 / d ulp(q), which is more, but for the last five d
/// below 2: for these the test tries every x. (The theorem is Markstein's: "Computation of elementary
/// functions on the IBM RISC System/6000 processor", 1990.)
///
/// All this needs remainders that do not underflow, so it holds for 2^-62 <= d <= 2^62 and
/// 2^-102 <= |x| < 2^64 with a normal quotient. Smaller |x|, zero too, give a number below 2^-39 with
/// the sign of x, or the quotient: the same code of every element format.
class Divisor {
 public:
  QFMT_HOST_DEVICE explicit Divisor(float divisor) noexcept
      : divisor_{divisor}, reciprocal_{ptx::reciprocal(divisor)} {}
  /// The same where 1 / divisor, rounded, is known.
  QFMT_HOST_DEVICE constexpr Divisor(float divisor, float reciprocal) noexcept
      : divisor_{divisor}, reciprocal_{reciprocal} {}

  /// Whether the above holds for a divisor and numbers of this magnitude at most.
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr bool covers(float divisor,
                                                              uint32_t largest) noexcept {
    constexpr uint32_t low = bit_cast<uint32_t>(power_of_two(-62));
    constexpr uint32_t high = bit_cast<uint32_t>(power_of_two(62));
    return bit_cast<uint32_t>(divisor) - low <= high - low &&
           largest < bit_cast<uint32_t>(power_of_two(64));
  }

  /// x / divisor. The remainders are negated so that a quotient of zero keeps the sign of x.
  [[nodiscard]] QFMT_HOST_DEVICE float operator()(float x) const noexcept {
    float const q0 = ptx::multiply(x, reciprocal_);
    float const q1 = ptx::multiply_add(-ptx::multiply_add(q0, divisor_, -x), reciprocal_, q0);
    return ptx::multiply_add(-ptx::multiply_add(q1, divisor_, -x), reciprocal_, q1);
  }

 private:
  float divisor_;
  float reciprocal_;
};

}  // namespace qfmt::cuda
