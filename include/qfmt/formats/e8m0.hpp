// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// A power of two, 2^(code - 127), NaN at 255: the shared scale of the MX block formats. No sign,
/// no zero. OCP Microscaling Formats 1.0, section 5.4.1.
struct E8M0 : Minifloat<FloatSpec{.exponent_bits = 8,
                                  .mantissa_bits = 0,
                                  .specials = Specials::nan,
                                  .is_signed = false,
                                  .has_zero = false}> {
  static constexpr char const* name = "E8M0";
};

static_assert(FloatFormat<E8M0> && max_value<E8M0>() == 0x1p127f);

}  // namespace qfmt
