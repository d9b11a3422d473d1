// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gemm/weights.hpp>
#include <qfmt/packing/pack.hpp>
#include <qfmt/tensor/quantize.hpp>

namespace qfmt::test {

template <Scheme S>
QuantTensor<S> WeightsOf<S>::quantized(Shape shape, std::uint64_t seed) {
  Matrix<float> const values = normal_matrix(shape, seed);
  auto made = quantize<S>(values.view());
  if (!made.ok()) std::abort();
  return *made;
}

template <Scheme S>
QuantTensor<S> WeightsOf<S>::small_integers(Shape shape, std::uint64_t seed) {
  using F = typename S::Format;
  Samples samples{seed};
  QuantTensor<S> t{shape};
  std::vector<Code<F>> row(static_cast<std::size_t>(shape.cols));
  for (index_t r = 0; r < shape.rows; ++r) {
    for (auto& code : row) code = encode<F>(static_cast<float>(samples.integer(-3, 3)));
    pack<F>(row.data(), shape.cols, t.codes.data() + r * t.row_bytes, t.row_bytes);
  }
  for (auto& scale : t.scales) {
    float const power = power_of_two(samples.integer(-1, 2));
    if constexpr (Real<typename S::Stored>) {
      scale = from_float<typename S::Stored>(power);
    } else if constexpr (same_as<typename S::Stored, Code<E8M0>>) {
      scale = encode<E8M0>(power, TowardZero{});
    } else {
      scale = encode<typename S::Stored::Format>(power);
    }
  }
  for (auto& zero_point : t.zero_points) zero_point = static_cast<int16_t>(samples.integer(-2, 2));
  if constexpr (same_as<typename S::Global, GlobalScale>) t.global = {0.25f};
  return t;
}

template <Scheme S>
Matrix<float> WeightsOf<S>::values(QuantTensor<S> const& t) {
  using F = typename S::Format;
  Matrix<float> out{t.shape};
  index_t const tile_rows = S::Granularity::rows == 0 ? t.shape.rows : S::Granularity::rows;
  index_t const tile_cols = S::Granularity::cols == 0 ? t.shape.cols : S::Granularity::cols;
  index_t const tiles_across = tile_cols == 0 ? 0 : (t.shape.cols + tile_cols - 1) / tile_cols;
  for (index_t r = 0; r < t.shape.rows; ++r) {
    for (index_t c = 0; c < t.shape.cols; ++c) {
      unsigned code = 0;
      for (index_t b = 0; b < F::bits; ++b) {
        index_t const bit = c * F::bits + b;
        unsigned const byte = t.codes[static_cast<std::size_t>(r * t.row_bytes + bit / 8)];
        code |= ((byte >> (bit % 8)) & 1u) << b;
      }
      auto const tile = static_cast<std::size_t>(r / tile_rows * tiles_across + c / tile_cols);
      double grid = static_cast<double>(decode(Code<F>{static_cast<typename F::storage_type>(code)}));
      if constexpr (S::has_zero_point) grid -= t.zero_points[tile];
      out(r, c) = static_cast<float>(grid * static_cast<double>(S::Policy::effective(t.scales[tile], t.global)));
    }
  }
  return out;
}

}  // namespace qfmt::test
