// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// Two's complement integers of 8 bits, -128 to 127.
struct INT8 : Integer<IntSpec{.bits = 8}> {
  static constexpr char const* name = "INT8";
};

static_assert(IntegerFormat<INT8> && max_value<INT8>() == 127);

}  // namespace qfmt
