// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include <qfmt/formats/convert.hpp>

namespace qfmt::test {

/// The nearest value of F by search, ties to the even code: shares nothing with encode.
template <FloatFormat F>
uint32_t by_search(float x) {
  if (std::isnan(x))
    return F::nan_code;
  double const magnitude = std::fabs(static_cast<double>(x));
  uint32_t best = 0;
  double distance = HUGE_VAL;
  for (uint32_t code = 0; code <= F::max_code; ++code) {
    double const d =
        std::fabs(static_cast<double>(decode(Code<F>{static_cast<uint8_t>(code)})) - magnitude);
    if (d < distance || (d == distance && code % 2 == 0)) {
      best = code;
      distance = d;
    }
  }
  if (magnitude > static_cast<double>(max_value<F>()))
    best = F::max_code;
  return std::signbit(x) ? best | F::sign_mask : best;
}

}  // namespace qfmt::test
