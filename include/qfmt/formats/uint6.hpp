// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// Unsigned integers of 6 bits, 0 to 63.
struct UINT6 : Integer<IntSpec{.bits = 6, .is_signed = false}> {
  static constexpr char const* name = "UINT6";
};

static_assert(IntegerFormat<UINT6> && max_value<UINT6>() == 63);

}  // namespace qfmt
