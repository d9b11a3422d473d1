// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// Two's complement integers of 7 bits, -64 to 63.
struct INT7 : Integer<IntSpec{.bits = 7}> {
  static constexpr char const* name = "INT7";
};

static_assert(IntegerFormat<INT7> && max_value<INT7>() == 63);

}  // namespace qfmt
