// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// Two's complement integers of 2 bits, -2 to 1.
struct INT2 : Integer<IntSpec{.bits = 2}> {
  static constexpr char const* name = "INT2";
};

static_assert(IntegerFormat<INT2> && max_value<INT2>() == 1);

}  // namespace qfmt
