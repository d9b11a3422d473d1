// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// Unsigned integers of 7 bits, 0 to 127.
struct UINT7 : Integer<IntSpec{.bits = 7, .is_signed = false}> {
  static constexpr char const* name = "UINT7";
};

static_assert(IntegerFormat<UINT7> && max_value<UINT7>() == 127);

}  // namespace qfmt
