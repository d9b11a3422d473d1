// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// Two's complement integers of 6 bits, -32 to 31.
struct INT6 : Integer<IntSpec{.bits = 6}> {
  static constexpr char const* name = "INT6";
};

static_assert(IntegerFormat<INT6> && max_value<INT6>() == 31);

}  // namespace qfmt
