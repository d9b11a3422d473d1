// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// Two's complement integers of 5 bits, -16 to 15.
struct INT5 : Integer<IntSpec{.bits = 5}> {
  static constexpr char const* name = "INT5";
};

static_assert(IntegerFormat<INT5> && max_value<INT5>() == 15);

}  // namespace qfmt
