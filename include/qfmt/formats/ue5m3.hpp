// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// A block scale with five exponent bits and no sign, to 114688; NaN at 255. Proposed as an NVFP4
/// scale that needs no tensor scale: E5M2's range, E4M3's precision.
struct UE5M3
    : Minifloat<FloatSpec{
          .exponent_bits = 5, .mantissa_bits = 3, .specials = Specials::nan, .is_signed = false}> {
  static constexpr char const* name = "UE5M3";
};

static_assert(FloatFormat<UE5M3> && max_value<UE5M3>() == 114688.0f);

}  // namespace qfmt
