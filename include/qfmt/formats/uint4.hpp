// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// Unsigned integers of 4 bits, 0 to 15.
struct UINT4 : Integer<IntSpec{.bits = 4, .is_signed = false}> {
  static constexpr char const* name = "UINT4";
};

static_assert(IntegerFormat<UINT4> && max_value<UINT4>() == 15);

}  // namespace qfmt
