// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// FP8 with the range of FP16, to 57344; infinity and NaN as in IEEE 754.
/// OCP 8-bit Floating Point Specification 1.0, section 5.
struct E5M2
    : Minifloat<FloatSpec{.exponent_bits = 5, .mantissa_bits = 2, .specials = Specials::ieee}> {
  static constexpr char const* name = "E5M2";
};

static_assert(FloatFormat<E5M2> && max_value<E5M2>() == 57344.0f);

}  // namespace qfmt
