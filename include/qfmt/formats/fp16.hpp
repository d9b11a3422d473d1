// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// IEEE 754 binary16.
struct FP16
    : Minifloat<FloatSpec{.exponent_bits = 5, .mantissa_bits = 10, .specials = Specials::ieee}> {
  static constexpr char const* name = "FP16";
};

static_assert(FloatFormat<FP16> && max_value<FP16>() == 65504.0f);

}  // namespace qfmt
