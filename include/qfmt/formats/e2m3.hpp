// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// FP6 with three mantissa bits, to 7.5. OCP Microscaling Formats 1.0, section 5.3.2.
struct E2M3 : Minifloat<FloatSpec{.exponent_bits = 2, .mantissa_bits = 3}> {
  static constexpr char const* name = "E2M3";
};

static_assert(FloatFormat<E2M3> && max_value<E2M3>() == 7.5f);

}  // namespace qfmt
