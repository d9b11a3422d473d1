// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/scaling/profile.hpp>

namespace qfmt::profile {

/// To the nearest value; a tie goes to the smaller magnitude. What stacks do that count the
/// midpoints below a value or search a table for the first nearest entry. A rounding mode of
/// encode() (formats/rounding.hpp).
struct TiesToZero {
  template <unsigned_integral Bits>
  QFMT_HOST_DEVICE static constexpr Bits drop(Bits n, int shift, bool /*negative*/) noexcept {
    return static_cast<Bits>((n + ((Bits{1} << (shift - 1)) - 1)) >> shift);
  }
};

static_assert(RoundingMode<TiesToZero> && TiesToZero::drop(6u, 2, false) == 1 &&
              TiesToZero::drop(7u, 2, false) == 2);

}  // namespace qfmt::profile
