// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// Unsigned integers of 3 bits, 0 to 7.
struct UINT3 : Integer<IntSpec{.bits = 3, .is_signed = false}> {
  static constexpr char const* name = "UINT3";
};

static_assert(IntegerFormat<UINT3> && max_value<UINT3>() == 7);

}  // namespace qfmt
