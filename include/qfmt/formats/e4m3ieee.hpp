// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// FP8 with infinity and NaN as in IEEE 754, which costs E4M3 its top binade: to 240
/// (ml_dtypes float8_e4m3).
struct E4M3IEEE
    : Minifloat<FloatSpec{.exponent_bits = 4, .mantissa_bits = 3, .specials = Specials::ieee}> {
  static constexpr char const* name = "E4M3IEEE";
};

static_assert(FloatFormat<E4M3IEEE> && max_value<E4M3IEEE>() == 240.0f);

}  // namespace qfmt
