// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// FP4: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives. Element of NVFP4 and MXFP4.
/// OCP Microscaling Formats 1.0, section 5.3.3.
struct E2M1 : Minifloat<FloatSpec{.exponent_bits = 2, .mantissa_bits = 1}> {
  static constexpr char const* name = "E2M1";
};

static_assert(FloatFormat<E2M1> && max_value<E2M1>() == 6.0f);

}  // namespace qfmt
