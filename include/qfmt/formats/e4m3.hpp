// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// FP8 for weights and activations, to 448; no infinity, NaN is S.1111.111 (often written
/// "e4m3fn"). OCP 8-bit Floating Point Specification 1.0, section 5.
struct E4M3
    : Minifloat<FloatSpec{.exponent_bits = 4, .mantissa_bits = 3, .specials = Specials::nan}> {
  static constexpr char const* name = "E4M3";
};

static_assert(FloatFormat<E4M3> && max_value<E4M3>() == 448.0f);

}  // namespace qfmt
