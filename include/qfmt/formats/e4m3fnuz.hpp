// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// FP8 of AMD gfx94x and Graphcore: bias 8, one NaN (0x80), no negative zero, to 240.
/// Noune et al., "8-bit numerical formats for deep neural networks", arXiv 2206.02915.
struct E4M3FNUZ
    : Minifloat<FloatSpec{
          .exponent_bits = 4, .mantissa_bits = 3, .specials = Specials::fnuz, .bias_override = 8}> {
  static constexpr char const* name = "E4M3FNUZ";
};

static_assert(FloatFormat<E4M3FNUZ> && max_value<E4M3FNUZ>() == 240.0f);

}  // namespace qfmt
