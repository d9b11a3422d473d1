// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// FP8 of early XLA: bias 11, one NaN (0x80), no negative zero, to 30 (ml_dtypes
/// float8_e4m3b11fnuz).
struct E4M3B11FNUZ : Minifloat<FloatSpec{.exponent_bits = 4,
                                         .mantissa_bits = 3,
                                         .specials = Specials::fnuz,
                                         .bias_override = 11}> {
  static constexpr char const* name = "E4M3B11FNUZ";
};

static_assert(FloatFormat<E4M3B11FNUZ> && max_value<E4M3B11FNUZ>() == 30.0f);

}  // namespace qfmt
