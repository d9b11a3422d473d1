// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <gemm/laws.hpp>
#include <qfmt/gemm/accuracy.hpp>
#include <qfmt/gemm/digits.hpp>

// What the integer kernels compute, element by element and without a single vector: the sums of blocks
// in 64-bit integers, then the few operations in binary32, each with std::fma or a plain product.

namespace qfmt::test {

/// The scale of weight (n, k).
template <Scheme S>
float scale_of(QuantTensorView<S> const& w, index_t n, index_t k) {
  auto const stored = w.scales[w.scale_index(n, k)];
  if constexpr (Real<typename S::Stored>) {
    return to_float(stored);
  } else {
    return decode(stored);
  }
}

/// With a scale for each block.
template <Scheme S>
float block_model(MatrixView<float const> x, QuantTensor<S> const& t, index_t m, index_t n) {
  using W = IntegerWeights<S>;
  QuantTensorView<S> const w = t.view();
  float const largest = (std::max)(0x1p-100f, bit_cast<float>(amax_bits(x, m)));
  float const unit_of_token = std::ldexp(1.0f, std::ilogb(largest));
  float sum = 0.0f;
  for (index_t first = 0; first < x.shape.cols; first += W::block) {
    index_t const end = (std::min)(first + W::block, x.shape.cols);
    float a = 0x1p-100f;
    for (index_t k = first; k < end; ++k) a = (std::max)(a, std::fabs(x(m, k)));
    std::int64_t total = 0;
    for (index_t k = first; k < end; ++k) {
      auto weight = static_cast<std::int64_t>(decode(w.code(n, k)) / W::unit);
      if constexpr (S::has_zero_point) weight -= w.zero_points[w.scale_index(n, k)];
      float const v = x(m, k) * static_cast<float>(127.0f / a);
      total += static_cast<std::int64_t>(std::nearbyint(v)) * weight;
    }
    float const factor = scale_of(w, n, first);
    float const relative = static_cast<float>(a / 127.0f) / unit_of_token;
    float const block = static_cast<float>(total) * relative;
    sum = std::fma(block, factor, sum);
  }
  float unit = W::unit;
  if constexpr (S::has_global) unit = unit * w.global.decode_scale();
  float const scaled = sum * unit_of_token;
  return scaled * unit;
}

template <Accuracy A, Scheme S>
float digit_model(MatrixView<float const> x, QuantTensor<S> const& t, index_t m, index_t n) {
  if constexpr (A == Accuracy::A8Block) return block_model(x, t, m, n);
  using W = IntegerWeights<S>;
  QuantTensorView<S> const w = t.view();
  TokenScale const scale = token_scale(amax_bits(x, m), slices_of(A));
  float sum = 0.0f;
  index_t const columns = W::run_of(slices_of(A)) * W::block;
  for (index_t first = 0; first < x.shape.cols; first += columns) {
    std::int64_t total = 0, high = 0;
    for (index_t k = first; k < (std::min)(first + columns, x.shape.cols); ++k) {
      auto const v = static_cast<std::int64_t>(std::nearbyint(static_cast<float>(x(m, k) * scale.to_integer)));
      auto weight = static_cast<std::int64_t>(decode(w.code(n, k)) / W::unit);
      if constexpr (S::has_zero_point) weight -= w.zero_points[w.scale_index(n, k)];
      std::int64_t const low = ((v + 0x8080) & 0xFFFF) - 0x8080;  // two signed digits, -128 * 257 ..
      high += A == Accuracy::F32 ? (v - low) / 65536 * weight : 0;
      total += (A == Accuracy::F32 ? low : v) * weight;
    }
    float block = static_cast<float>(total);
    if constexpr (A == Accuracy::F32) block = std::fma(static_cast<float>(high), 65536.0f, block);
    float const factor = scale_of(w, n, first);
    sum = std::fma(block, factor, sum);
  }
  float unit = W::unit;
  if constexpr (S::has_global) unit = unit * w.global.decode_scale();
  float const scaled = sum * scale.scale;
  return scaled * unit;
}

/// Every output, to the bit.
template <Accuracy A, class B, Scheme S>
Violations equals_the_model(B const& backend, MatrixView<float const> x, QuantTensor<S> const& w, PrepackedView<S> const& packed) {
  Violations found{std::string{B::name} + ": bit for bit the model"};
  Matrix<float> expected{{x.shape.rows, w.shape.rows}};
  for (index_t m = 0; m < expected.shape.rows; ++m) {
    for (index_t n = 0; n < expected.shape.cols; ++n) expected(m, n) = digit_model<A>(x, w, m, n);
  }
  expect_outputs<float>(found, expected, [&](MatrixView<float> y) { return gemm_with(backend, x, packed, y); });
  return found;
}

}  // namespace qfmt::test
