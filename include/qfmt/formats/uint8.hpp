// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// Unsigned integers of 8 bits, 0 to 255.
struct UINT8 : Integer<IntSpec{.bits = 8, .is_signed = false}> {
  static constexpr char const* name = "UINT8";
};

static_assert(IntegerFormat<UINT8> && max_value<UINT8>() == 255);

}  // namespace qfmt
