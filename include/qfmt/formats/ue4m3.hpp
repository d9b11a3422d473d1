// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// E4M3 without its sign bit: the block scale of NVFP4. The same byte as the E4M3 code of the same
/// value. PTX ISA, "ue4m3".
struct UE4M3
    : Minifloat<FloatSpec{
          .exponent_bits = 4, .mantissa_bits = 3, .specials = Specials::nan, .is_signed = false}> {
  static constexpr char const* name = "UE4M3";
};

static_assert(FloatFormat<UE4M3> && max_value<UE4M3>() == 448.0f);

}  // namespace qfmt
