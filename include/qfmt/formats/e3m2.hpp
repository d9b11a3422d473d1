// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// FP6 with three exponent bits, to 28. OCP Microscaling Formats 1.0, section 5.3.2.
struct E3M2 : Minifloat<FloatSpec{.exponent_bits = 3, .mantissa_bits = 2}> {
  static constexpr char const* name = "E3M2";
};

static_assert(FloatFormat<E3M2> && max_value<E3M2>() == 28.0f);

}  // namespace qfmt
