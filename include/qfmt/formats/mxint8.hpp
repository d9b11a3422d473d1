// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// The integer element of the MX formats: q / 64 for q from -127 to 127. The code 0x80 decodes to
/// -2 and is never produced. OCP Microscaling Formats 1.0, section 5.3.4.
struct MXINT8 : Integer<IntSpec{.bits = 8, .fraction_bits = 6, .symmetric = true}> {
  static constexpr char const* name = "MXINT8";
};

static_assert(IntegerFormat<MXINT8> && max_value<MXINT8>() == 127.0f / 64.0f);

}  // namespace qfmt
