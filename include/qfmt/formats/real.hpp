// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/bf16.hpp>
#include <qfmt/formats/fp16.hpp>

namespace qfmt {

/// What tensors of real numbers are made of: binary32, or a code of a 16-bit float.
template <class T>
concept Real = same_as<T, float> || same_as<T, Code<BF16>> || same_as<T, Code<FP16>>;

/// The value, exactly.
QFMT_HOST_DEVICE constexpr float to_float(float x) noexcept {
  return x;
}
template <FloatFormat F>
QFMT_HOST_DEVICE constexpr float to_float(Code<F> x) noexcept {
  return decode(x);
}

/// x rounded to T as IEEE arithmetic rounds: to nearest even, overflow to infinity.
template <Real T>
QFMT_HOST_DEVICE constexpr T from_float(float x) noexcept {
  if constexpr (same_as<T, float>) {
    return x;
  } else {
    return encode<typename T::Format, NearestEven, ToSpecial>(x);
  }
}

/// x rounded to T and widened again: one step of arithmetic in T, done in binary32.
template <Real T>
QFMT_HOST_DEVICE constexpr float round_to(float x) noexcept {
  return to_float(from_float<T>(x));
}

static_assert(Real<float> && Real<Code<BF16>> && Real<Code<FP16>>);
static_assert(round_to<Code<BF16>>(2688.0f / 0.033203125f) == 80896.0f);

}  // namespace qfmt
