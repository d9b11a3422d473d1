// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// Two's complement integers of 4 bits, -8 to 7.
struct INT4 : Integer<IntSpec{.bits = 4}> {
  static constexpr char const* name = "INT4";
};

static_assert(IntegerFormat<INT4> && max_value<INT4>() == 7);

}  // namespace qfmt
