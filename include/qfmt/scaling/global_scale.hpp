// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/config.hpp>

namespace qfmt {

/// NVFP4's tensor scale: value = code * block_scale / encode_scale.
///
/// `encode_scale` is the number that the values were multiplied by, which compressed-tensors stores.
/// ModelOpt and TorchAO start from its inverse, and inverting twice is not exact: a scale that was
/// given in that direction remembers the number itself, so that both directions are what the stack
/// calculates with.
///
/// Nothing is checked here: zero in one direction is infinity in the other, NaN is NaN in both, and
/// a scale that is NaN equals none. Quantizing under such a one is refused.
struct GlobalScale {
  float encode_scale = 1.0f;
  /// The decode scale of which encode_scale is the rounded inverse; of another value, as 0, no use
  /// is made.
  float given_decode_scale = 0.0f;

  /// For a decode scale d: encode_scale is 1 / d, and decode_scale() is d.
  QFMT_HOST_DEVICE static constexpr GlobalScale from_decode(float scale) noexcept {
    return {1.0f / scale, scale};
  }

  /// What codes and block scales are multiplied by: the given number, or 1 / encode_scale.
  [[nodiscard]] QFMT_HOST_DEVICE constexpr float decode_scale() const noexcept {
    bool const is_given = given_decode_scale != 0.0f && 1.0f / given_decode_scale == encode_scale;
    return is_given ? given_decode_scale : 1.0f / encode_scale;
  }

  /// The same in both directions.
  QFMT_HOST_DEVICE friend constexpr bool operator==(GlobalScale a, GlobalScale b) noexcept {
    return a.encode_scale == b.encode_scale && a.decode_scale() == b.decode_scale();
  }
};

static_assert(GlobalScale{4.0f}.decode_scale() == 0.25f);
static_assert(GlobalScale::from_decode(0.25f) == GlobalScale{4.0f});

}  // namespace qfmt
