// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/convert.hpp>

namespace qfmt {

/// NormalFloat4: sixteen quantiles of a normal distribution, scaled to [-1, 1], zero exact.
/// Dettmers et al., "QLoRA", arXiv 2305.14314, appendix E; values as in bitsandbytes.
struct NF4
    : Codebook<Codebook16{{-1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f,
                           -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f,
                           0.0f, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f,
                           0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f,
                           0.7229568362236023f, 1.0f}}> {
  static constexpr char const* name = "NF4";
};

static_assert(CodebookFormat<NF4> && max_value<NF4>() == 1.0f);

}  // namespace qfmt
