// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// Two's complement integers of 3 bits, -4 to 3.
struct INT3 : Integer<IntSpec{.bits = 3}> {
  static constexpr char const* name = "INT3";
};

static_assert(IntegerFormat<INT3> && max_value<INT3>() == 3);

}  // namespace qfmt
