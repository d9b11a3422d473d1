// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// FP8 of AMD gfx94x and Graphcore: bias 16, one NaN (0x80), no negative zero, to 57344.
/// Noune et al., "8-bit numerical formats for deep neural networks", arXiv 2206.02915.
struct E5M2FNUZ : Minifloat<FloatSpec{.exponent_bits = 5,
                                      .mantissa_bits = 2,
                                      .specials = Specials::fnuz,
                                      .bias_override = 16}> {
  static constexpr char const* name = "E5M2FNUZ";
};

static_assert(FloatFormat<E5M2FNUZ> && max_value<E5M2FNUZ>() == 57344.0f);

}  // namespace qfmt
