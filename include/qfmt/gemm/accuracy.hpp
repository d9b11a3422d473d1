// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/config.hpp>

namespace qfmt {

/// How exactly a product with a prepacked weight takes its activations. Weights are always exact.
/// With A = the largest |x(m, k)| of the token (at least 2^-100) and T = sum over k of |w(n, k)|,
/// the sum differs from the exact one by at most
///
///     A8      A T / 254          + (K + 12) 2^-24 A T    one digit, scale A / 127
///     A8Block sum of a t / 254   + (K + 12) 2^-24 A T    one digit, scale a / 127
///     BF16    A T 2^-9           + (K + 12) 2^-24 A T    rounded to BF16
///     A16     1.01 A T 2^-15     + (K + 12) 2^-24 A T    two digits, scale a power of two
///     F32     1.01 A T 2^-23     + (K + 12) 2^-24 A T    three digits, scale a power of two
///
/// where a (at least 2^-100) and t are what A and T are, for each 32 columns from a multiple of 32,
/// as long as nothing overflows or becomes subnormal. A token with a NaN or an infinity gives no
/// finite output where the exact sum is none, and may give NaN in all its outputs.
///
/// Why: rounding an activation to a step d costs at most d / 2 for each |w|, and the step is at
/// most A / 127, a / 127, A 2^-8, 1.01 A 2^-14 or 1.01 A 2^-22. The second term is that of a sum in
/// binary32, in any order (K), of weights as the reference rounds them, times the scales of token
/// and tensor.
/// Kernels of integers need less of it, K / 16 + 10: the sum over a block of 16 or 32 columns is
/// exact, its conversion rounds at most twice, and adding it to the accumulator once.
enum class Accuracy : uint8_t { A8, A8Block, BF16, A16, F32 };

[[nodiscard]] constexpr char const* name(Accuracy accuracy) noexcept {
  constexpr char const* names[] = {"A8", "A8Block", "BF16", "A16", "F32"};
  return names[static_cast<int>(accuracy)];
}

/// The digits of 8 bits that an activation is cut into, where it is: two are within BF16's bound.
[[nodiscard]] constexpr int slices_of(Accuracy accuracy) noexcept {
  return accuracy <= Accuracy::A8Block ? 1 : accuracy == Accuracy::F32 ? 3 : 2;
}

}  // namespace qfmt
