// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// Unsigned integers of 5 bits, 0 to 31.
struct UINT5 : Integer<IntSpec{.bits = 5, .is_signed = false}> {
  static constexpr char const* name = "UINT5";
};

static_assert(IntegerFormat<UINT5> && max_value<UINT5>() == 31);

}  // namespace qfmt
