// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// Unsigned integers of 2 bits, 0 to 3.
struct UINT2 : Integer<IntSpec{.bits = 2, .is_signed = false}> {
  static constexpr char const* name = "UINT2";
};

static_assert(IntegerFormat<UINT2> && max_value<UINT2>() == 3);

}  // namespace qfmt
