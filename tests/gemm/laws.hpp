// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <qfmt/formats/all.hpp>
#include <qfmt/gemm/gemm.hpp>
#include <qfmt/gemm/reference.hpp>
#include <qfmt/tensor/quantize.hpp>
#include <support/laws/expect.hpp>
#include <support/samples.hpp>
#include <vector>

// What holds for every backend. A law is given a backend and operands, and returns its violations.

namespace qfmt::test {

using GemmSchemes = TypeList<BlockScheme<NVFP4>, BlockScheme<MXFP4>, QuantScheme<INT4, PerGroup<32>>, QuantScheme<INT4, PerGroup<128>>,
                             QuantScheme<INT8, PerChannel>, QuantScheme<E4M3, PerChannel>, QuantScheme<E4M3, PerBlock<128, 128>>,
                             QuantScheme<INT4, PerGroup<128>, Asymmetric, Static<MinMax>>,
                             QuantScheme<INT3, PerGroup<32>, SymmetricScale<Code<BF16>>>, QuantScheme<E2M3, PerTensor>>;

inline std::string show(Shape s) { return std::to_string(s.rows) + " x " + std::to_string(s.cols); }

/// The bits of an element; any NaN is the same NaN, so that its payload is not compared.
template <Real T>
std::uint32_t same_nan_bits(T x) {
  if (is_nan(to_float(x))) return 0x7FC00000u;
  if constexpr (same_as<T, float>) {
    return std::bit_cast<std::uint32_t>(x);
  } else {
    return x.bits;
  }
}

template <Scheme S>
QuantTensor<S> quantized(Shape shape, std::uint64_t seed) {
  Matrix<float> const values = normal_matrix(shape, seed);
  auto made = quantize<S>(values.view());
  REQUIRE(made.ok());
  return *made;
}

/// The real matrix that a tensor stands for, found without its view: bits are taken out of the packed
/// rows one by one, and tiles are counted.
template <Scheme S>
Matrix<float> expected_values(QuantTensor<S> const& t) {
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

/// Runs a product into memory that is not clean: rows longer than y, guards in front and behind, all
/// filled with one byte. What is outside y must not change.
template <Real Y>
struct GuardedOutput {
  static constexpr index_t guard = 64;
  Shape shape;
  index_t stride;
  std::vector<unsigned char> bytes;

  GuardedOutput(Shape s, unsigned char fill)
      : shape{s}, stride{s.cols + 3}, bytes(static_cast<std::size_t>(s.rows * stride + 2 * guard) * sizeof(Y), fill) {}

  MatrixView<Y> view() { return {reinterpret_cast<Y*>(bytes.data()) + guard, shape, stride}; }

  [[nodiscard]] bool untouched_outside(unsigned char fill) const {
    std::vector<unsigned char> copy = bytes;
    for (index_t r = 0; r < shape.rows; ++r) {
      auto const row = copy.begin() + (guard + r * stride) * static_cast<index_t>(sizeof(Y));
      std::fill_n(row, shape.cols * static_cast<index_t>(sizeof(Y)), fill);
    }
    for (unsigned char const b : copy) {
      if (b != fill) return false;
    }
    return true;
  }
};

/// Writes 0xFF and then 0x00 under the output and compares with `expected`, to the bit.
template <Real Y, class Product>
void expect_outputs(Violations& found, Shape shape, Matrix<Y> const& expected, Product&& product) {
  for (unsigned char const fill : {static_cast<unsigned char>(0xFF), static_cast<unsigned char>(0)}) {
    GuardedOutput<Y> out{shape, fill};
    Status const status = product(out.view());
    found.expect(status == Status::ok, [&] { return show(shape) + ": " + name(status); });
    found.expect(out.untouched_outside(fill), [&] { return show(shape) + ": wrote outside"; });
    for (index_t m = 0; m < shape.rows; ++m) {
      for (index_t n = 0; n < shape.cols; ++n) {
        Y const y = out.view()(m, n);
        found.expect(same_nan_bits(y) == same_nan_bits(expected(m, n)), [&] {
          return show(shape) + " at (" + std::to_string(m) + ", " + std::to_string(n) + "): " + std::to_string(to_float(y)) + " instead of " +
                 std::to_string(to_float(expected(m, n)));
        });
      }
    }
  }
}

/// x = identity: y is the transpose of w, every element of it, to the bit. A code, scale, tile or tail
/// that is read wrongly has nowhere to hide.
template <class B, Operand W>
Violations one_hot_probe(B const& backend, W const& w, Matrix<float> const& expected) {
  Violations found{std::string{B::name} + ": one-hot rows give the weights"};
  Shape const ws = shape_of(w);
  Matrix<float> identity{{expected.shape.cols, ws.cols}};
  for (index_t k = 0; k < ws.cols; ++k) identity(k, k) = 1.0f;
  Matrix<float> transposed{{expected.shape.cols, expected.shape.rows}};
  for (index_t k = 0; k < expected.shape.cols; ++k) {
    for (index_t n = 0; n < expected.shape.rows; ++n) transposed(k, n) = expected(n, k) + 0.0f;  // a sum begins with +0: no -0
  }
  expect_outputs(found, transposed.shape, transposed,
                 [&](MatrixView<float> y) { return gemm_with(backend, std::as_const(identity).view(), w, y); });
  return found;
}

/// A tensor of small integers times powers of two, so that sums are exact in any order.
template <Scheme S>
QuantTensor<S> small_integers(Shape shape, std::uint64_t seed) {
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

/// Sums that are exact must come out exactly.
template <class B, Operand X, Operand W>
Violations exact_sums(B const& backend, X const& x, W const& w, Matrix<float> const& x_values, Matrix<float> const& w_values) {
  Violations found{std::string{B::name} + ": exact sums are exact"};
  Matrix<float> expected{{x_values.shape.rows, w_values.shape.rows}};
  for (index_t m = 0; m < expected.shape.rows; ++m) {
    for (index_t n = 0; n < expected.shape.cols; ++n) {
      double sum = 0;
      for (index_t k = 0; k < x_values.shape.cols; ++k) sum += static_cast<double>(x_values(m, k)) * static_cast<double>(w_values(n, k));
      expected(m, n) = static_cast<float>(sum);
    }
  }
  expect_outputs(found, expected.shape, expected, [&](MatrixView<float> y) { return gemm_with(backend, x, w, y); });
  return found;
}

/// The bits of the reference.
template <class B, Operand X, Operand W, Real Y = float, Epilogue E = NoEpilogue, Executor R = Serial const>
Violations like_the_reference(B const& backend, X const& x, W const& w, Y = {}, E const& epilogue = {}, R&& executor = Serial{}) {
  Violations found{std::string{B::name} + ": the bits of the reference"};
  Matrix<Y> expected{{shape_of(x).rows, shape_of(w).rows}};
  Status const status = gemm_with(ReferenceGemm{}, x, w, expected.view(), epilogue);
  found.expect(status == Status::ok, [&] { return std::string{"reference: "} + name(status); });
  expect_outputs(found, expected.shape, expected, [&](MatrixView<Y> y) { return gemm_with(backend, x, w, y, epilogue, executor); });
  return found;
}

/// The derived bound: with S = sum of |x w|, in binary64 on exactly the operands, the output lies between
/// the roundings of c - T and c + T, T = (K + 2) 2^-24 S. No slack for the output type: rounding is
/// monotone.
template <class B, Operand X, Operand W, Real Y = float>
Violations within_the_bound(B const& backend, X const& x, W const& w, Y = {}) {
  Violations found{std::string{B::name} + ": within (K + 2) 2^-24 S"};
  Shape const xs = shape_of(x);
  Matrix<Y> y{{xs.rows, shape_of(w).rows}};
  Status const status = gemm_with(backend, x, w, y.view());
  found.expect(status == Status::ok, [&] { return std::string{name(status)}; });
  auto const rounded_to_output = [](double c) {
    if constexpr (same_as<Y, float>) {
      return static_cast<float>(c);
    } else {
      return decode(encode<typename Y::Format, NearestEven, ToSpecial>(c));
    }
  };
  for (index_t m = 0; m < y.shape.rows; ++m) {
    for (index_t n = 0; n < y.shape.cols; ++n) {
      double c = 0;
      double s = 0;
      for (index_t k = 0; k < xs.cols; ++k) {
        double const product = static_cast<double>(value(x, m, k)) * static_cast<double>(value(w, n, k));
        c += product;
        s += std::fabs(product);
      }
      double const t = std::ldexp(static_cast<double>(xs.cols + 2) * s, -24);
      float const out = to_float(y(m, n));
      found.expect(rounded_to_output(c - t) <= out && out <= rounded_to_output(c + t), [&] {
        return std::to_string(out) + " instead of " + std::to_string(c) + " +- " + std::to_string(t);
      });
    }
  }
  return found;
}

// Backends that are wrong.

/// Leaves the last k out.
struct DropsTheTail {
  static constexpr char const* name = "drops the tail";
  static constexpr bool supports(Shape, Shape) { return true; }
  template <class X, class W, class Y, class E, class R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R&) const {
    for (index_t m = 0; m < y.shape.rows; ++m) {
      for (index_t n = 0; n < y.shape.cols; ++n) {
        float sum = 0;
        for (index_t k = 0; k + 1 < shape_of(x).cols; ++k) sum = plus_product(sum, value(x, m, k), value(w, n, k));
        y(m, n) = from_float<Y>(epilogue(sum, m, n));
      }
    }
    return Status::ok;
  }
};

/// Rounds the sum to BF16 after every step.
struct AccumulatesInBF16 {
  static constexpr char const* name = "accumulates in BF16";
  static constexpr bool supports(Shape, Shape) { return true; }
  template <class X, class W, class Y, class E, class R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R&) const {
    for (index_t m = 0; m < y.shape.rows; ++m) {
      for (index_t n = 0; n < y.shape.cols; ++n) {
        float sum = 0;
        for (index_t k = 0; k < shape_of(x).cols; ++k) sum = round_to<Code<BF16>>(plus_product(sum, value(x, m, k), value(w, n, k)));
        y(m, n) = from_float<Y>(epilogue(sum, m, n));
      }
    }
    return Status::ok;
  }
};

/// Right, but from the last k to the first.
struct SumsBackwards {
  static constexpr char const* name = "sums backwards";
  static constexpr bool supports(Shape, Shape) { return true; }
  template <class X, class W, class Y, class E, class R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R&) const {
    for (index_t m = 0; m < y.shape.rows; ++m) {
      for (index_t n = 0; n < y.shape.cols; ++n) {
        float sum = 0;
        for (index_t k = shape_of(x).cols; k-- > 0;) sum = plus_product(sum, value(x, m, k), value(w, n, k));
        y(m, n) = from_float<Y>(epilogue(sum, m, n));
      }
    }
    return Status::ok;
  }
};

/// Right, but writes one element behind each row.
struct WritesOutside {
  static constexpr char const* name = "writes outside";
  static constexpr bool supports(Shape, Shape) { return true; }
  template <class X, class W, class Y, class E, class R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R& executor) const {
    Status const status = ReferenceGemm{}(x, w, y, epilogue, executor);
    for (index_t m = 0; m < y.shape.rows; ++m) y.row(m)[y.shape.cols] = from_float<Y>(1.0f);
    return status;
  }
};

}  // namespace qfmt::test
