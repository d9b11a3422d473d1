// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// bfloat16: the upper half of binary32.
struct BF16
    : Minifloat<FloatSpec{.exponent_bits = 8, .mantissa_bits = 7, .specials = Specials::ieee}> {
  static constexpr char const* name = "BF16";
};

static_assert(FloatFormat<BF16> && max_value<BF16>() == 0x1.FEp127f);

}  // namespace qfmt
