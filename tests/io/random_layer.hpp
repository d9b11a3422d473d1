// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <support/samples.hpp>
#include <vector>

#include <qfmt/formats/real.hpp>
#include <qfmt/tensor/quant_tensor.hpp>

namespace samples {

/// Any code of F but those of NaN and infinity.
template <qfmt::ElementFormat F>
qfmt::Code<F> random_code(qfmt::test::Samples& samples) {
  for (;;) {
    uint32_t const mask = (uint32_t{1} << F::bits) - 1;
    qfmt::Code<F> const code{static_cast<typename F::storage_type>(samples.bits() & mask)};
    if (qfmt::is_finite(qfmt::decode(code)))
      return code;
  }
}

template <class Stored>
Stored random_scale(qfmt::test::Samples& samples) {
  if constexpr (qfmt::same_as<Stored, float>) {
    return static_cast<float>(samples.uniform()) + 0.001f;
  } else {
    for (;;) {
      auto const scale = random_code<typename Stored::Format>(samples);
      if (qfmt::to_float(scale) > 0.0f)
        return scale;
    }
  }
}

/// A layer with any codes, scales and zero points that may be stored.
template <qfmt::Scheme S>
qfmt::QuantTensor<S> random_layer(qfmt::Shape shape, uint64_t seed) {
  using F = typename S::Format;
  qfmt::test::Samples samples{seed};
  qfmt::QuantTensor<S> layer{shape};
  std::vector<qfmt::Code<F>> row(static_cast<std::size_t>(shape.cols));
  for (qfmt::index_t r = 0; r < shape.rows; ++r) {
    for (auto& code : row) code = random_code<F>(samples);
    qfmt::pack<F>(row.data(), shape.cols, layer.codes.data() + r * layer.row_bytes,
                  layer.row_bytes);
  }
  for (auto& scale : layer.scales) scale = random_scale<typename S::Stored>(samples);
  if constexpr (S::has_zero_point) {
    for (auto& zero_point : layer.zero_points) {
      zero_point = static_cast<int16_t>(samples.integer(F::min_int, F::max_int));
    }
  }
  if constexpr (S::has_global)
    layer.global.encode_scale = random_scale<float>(samples);
  return layer;
}

}  // namespace samples
