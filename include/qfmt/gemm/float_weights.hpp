// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/bit.hpp>
#include <qfmt/gemm/panel_layout.hpp>

namespace qfmt {

/// Whether the codes of a scheme are floats of 8 bits under one level of scales: FP8, MXFP8.
template <class S>
inline constexpr bool has_float_weights = false;
template <Prepackable S>
requires FloatFormat<typename S::Format>
inline constexpr bool has_float_weights<S> =
    S::Format::bits == 8 && S::Format::sign_mask == 0x80 && !S::has_zero_point && !S::has_global;

/// Where floats lie after decoding: for each column, 16 rows.
template <Prepackable S>
struct FloatWeights {
  using F = typename S::Format;
  static constexpr PanelLayout map = panel_layout<S>(32);
  static constexpr index_t block = map.group % 32 == 0 ? 32 : 16;
  static constexpr index_t decoded_block = block * PanelLayout::line;

  /// How far a code in the top byte is moved so that its exponent is binary32's, and the factor
  /// that makes up for the difference of biases: also of subnormals, which stay subnormal.
  ///
  ///     seeeemmm 00000000 00000000 00000000    (E4M3)
  ///     s0000eee emmm0000 00000000 00000000
  static constexpr int shift = F::mantissa_bits + 1;
  static constexpr float factor = bit_cast<float>(static_cast<uint32_t>(254 - F::bias) << 23);
};

static_assert(FloatWeights<BlockScheme<MXFP8_E4M3>>::factor == 0x1p120f);

}  // namespace qfmt
