// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// A codebook of sign and 1, 1.25, 1.5, 2, 3, 4, 6, with one zero. Some call it MXFP4; it has
/// neither 0.5 nor a regular zero, and is not OCP's format of that name (E2M1). Codes 7 and 15 are
/// zero; 15 is never produced.
struct S1M3 : Codebook<Codebook16{{1.0f, 1.25f, 1.5f, 2.0f, 3.0f, 4.0f, 6.0f, 0.0f, -1.0f, -1.25f,
                                   -1.5f, -2.0f, -3.0f, -4.0f, -6.0f, 0.0f},
                                  1u << 15}> {
  static constexpr char const* name = "S1M3";
};

static_assert(CodebookFormat<S1M3> && max_value<S1M3>() == 6.0f);

}  // namespace qfmt
