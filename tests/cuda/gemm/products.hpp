// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <doctest/doctest.h>
#include <string>
#include <support/laws/expect.hpp>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/cuda/gemm/packed_tensor.hpp>
#include <qfmt/cuda/gemm/product.cuh>

#include <cuda/emulation/machine.hpp>

// Operands for the device's backends, and what their outputs are compared with.

namespace qfmt::test {

using Int4Asymmetric = QuantScheme<INT4, PerGroup<128>, Asymmetric, Static<MinMax>>;
using Int8Rows = QuantScheme<INT8, PerChannel>;
using Int8Tokens = QuantScheme<INT8, PerToken, Symmetric, Dynamic>;

/// A tensor of random finite codes, scales over some binades and zero points over all codes.
template <Scheme S>
QuantTensor<S> random_tensor(Shape shape, std::uint64_t seed) {
  using F = typename S::Format;
  using Stored = typename S::Stored;
  Samples samples{seed};
  QuantTensor<S> t{shape};
  for (index_t r = 0; r < shape.rows; ++r) {
    PackedSpan<F> const row{t.codes.data() + r * t.row_bytes, shape.cols};
    for (index_t c = 0; c < shape.cols; ++c) {
      Code<F> code{};
      do {
        code.bits = static_cast<typename F::storage_type>(samples.bits() & ((1u << F::bits) - 1));
      } while (!is_finite(decode(code)));
      row.set(c, code);
    }
  }
  for (Stored& scale : t.scales) {
    if constexpr (Real<Stored>) {
      scale = from_float<Stored>(std::exp2(0.25f * static_cast<float>(samples.integer(-24, 8))));
    } else if constexpr (same_as<Stored, Code<UE4M3>>) {
      scale.bits = static_cast<std::uint8_t>(samples.integer(0, 0x7E));
    } else {
      scale.bits = static_cast<std::uint8_t>(samples.integer(120, 130));
    }
  }
  if constexpr (S::has_zero_point) {
    for (auto& zero_point : t.zero_points)
      zero_point = static_cast<std::int16_t>(samples.integer(F::min_int, F::max_int));
  }
  if constexpr (S::has_global)
    t.global = {193.7f};
  return t;
}

/// The numbers that a tensor stands for, found without its view: bits are taken out of the packed
/// rows one by one, and tiles are counted.
template <Scheme S>
Matrix<float> numbers_of(QuantTensor<S> const& t) {
  using F = typename S::Format;
  Matrix<float> out{t.shape};
  index_t const tile_rows = S::Granularity::rows == 0 ? t.shape.rows : S::Granularity::rows;
  index_t const tile_cols = S::Granularity::cols == 0 ? t.shape.cols : S::Granularity::cols;
  for (index_t r = 0; r < t.shape.rows; ++r) {
    for (index_t c = 0; c < t.shape.cols; ++c) {
      unsigned code = 0;
      for (index_t b = 0; b < F::bits; ++b) {
        index_t const bit = c * F::bits + b;
        unsigned const byte = t.codes[static_cast<std::size_t>(r * t.row_bytes + bit / 8)];
        code |= ((byte >> (bit % 8)) & 1u) << b;
      }
      auto const tile = static_cast<std::size_t>(r / tile_rows * ceil_div(t.shape.cols, tile_cols) +
                                                 c / tile_cols);
      float grid = decode(Code<F>{static_cast<typename F::storage_type>(code)});
      if constexpr (S::has_zero_point)
        grid -= static_cast<float>(t.zero_points[tile]);
      out(r, c) = grid * S::Policy::effective(t.scales[tile], t.global);
    }
  }
  return out;
}

template <class T>
Matrix<float> widened(Matrix<T> const& x) {
  Matrix<float> out{x.shape};
  for (std::size_t i = 0; i < x.values.size(); ++i) out.values[i] = to_float(x.values[i]);
  return out;
}

/// y = x w^T within (K + 4) 2^-24 S of the product in binary64, S = the sum of |x w|: sums in
/// binary32 in any order, a scale applied with one rounding, a division at the end.
inline Violations like_binary64(Matrix<float> const& x, Matrix<float> const& w,
                                Matrix<float> const& y) {
  Violations found{"within (K + 4) 2^-24 S of the exact product"};
  for (index_t m = 0; m < y.shape.rows; ++m) {
    for (index_t n = 0; n < y.shape.cols; ++n) {
      double exact = 0;
      double size = 0;
      for (index_t k = 0; k < x.shape.cols; ++k) {
        double const product = static_cast<double>(x(m, k)) * static_cast<double>(w(n, k));
        exact += product;
        size += std::fabs(product);
      }
      double const bound = std::ldexp(static_cast<double>(x.shape.cols + 4) * size, -24);
      found.expect(std::fabs(static_cast<double>(y(m, n)) - exact) <= bound, [&] {
        return "(" + std::to_string(m) + ", " + std::to_string(n) +
               "): " + std::to_string(y(m, n)) + " instead of " + std::to_string(exact);
      });
    }
  }
  return found;
}

/// x = identity: y is the transpose of w, every element of it, to the bit (of +0 and -0 either). A
/// code, scale, tile or tail that is read wrongly has nowhere to hide.
template <class T>
Matrix<T> identity(index_t k) {
  Matrix<T> out{{k, k}};
  for (index_t i = 0; i < k; ++i) out(i, i) = from_float<T>(1.0f);
  return out;
}
inline int different_from_transposed(Matrix<float> const& y, Matrix<float> const& w) {
  int wrong = 0;
  for (index_t m = 0; m < y.shape.rows; ++m) {
    for (index_t n = 0; n < y.shape.cols; ++n) wrong += y(m, n) == w(n, m) ? 0 : 1;
  }
  return wrong;
}

/// A product whose operands it owns: weights packed, y full of NaN.
template <cuda::Packable S, Real T>
struct Case {
  QuantTensor<S> w;
  cuda::PackedTensor<S> packed;
  Matrix<T> x;
  Matrix<float> y;

  Case(QuantTensor<S> weight, Matrix<T> tokens)
      : w{std::move(weight)},
        packed{*cuda::pack(w.view())},
        x{std::move(tokens)},
        y{{x.shape.rows, w.shape.rows}, std::bit_cast<float>(0x7FC00000u)} {}

  template <Epilogue E = NoEpilogue>
  cuda::Product<S, T, float, E> product(E epilogue = {}) {
    return {cuda::tokens_of(std::as_const(x).view()), packed.view(), y.view(), epilogue};
  }
  [[nodiscard]] Violations violations() const {
    return like_binary64(widened(x), numbers_of(w), y);
  }
};

/// Runs every thread of a kernel on the host, in an order of them.
template <class Kernel>
void emulate(Kernel const& kernel, cuda::Grid grid, Order order = Order::forward) {
  REQUIRE(EmulatedThreads::launch(kernel, grid, Kernel::max_threads, order));
}

}  // namespace qfmt::test
