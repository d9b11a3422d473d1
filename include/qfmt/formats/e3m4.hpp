// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// FP8 with four mantissa bits, to 15.5; infinity and NaN as in IEEE 754 (ml_dtypes float8_e3m4).
struct E3M4
    : Minifloat<FloatSpec{.exponent_bits = 3, .mantissa_bits = 4, .specials = Specials::ieee}> {
  static constexpr char const* name = "E3M4";
};

static_assert(FloatFormat<E3M4> && max_value<E3M4>() == 15.5f);

}  // namespace qfmt
