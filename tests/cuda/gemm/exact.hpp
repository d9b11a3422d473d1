// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

#include <qfmt/cuda/gemm/mma_sm80.cuh>
#include <qfmt/cuda/gemm/simt.cuh>
#include <qfmt/cuda/gemm/skinny.cuh>

#include <cuda/gemm/products.hpp>

// Every kernel with floating-point operands that leave nothing to round: weights of a row are
// integers times a power of two, tokens integers, and the sum of all magnitudes stays below 2^24. So
// sums are exact in any order, with any number of parts, and outputs have one right value, to the
// bit. The same function runs the kernels on the host (exact.cpp) and on a device (exact.cu).

namespace qfmt::test {

/// A tensor of integers times a power of two for each row. Scales are powers of two, of which a row's
/// largest is 8 times its smallest at most. FP8 codes are the smallest in even rows, subnormal numbers
/// included, and multiples of 1/8 in odd ones; of other formats all codes occur.
template <Scheme S>
QuantTensor<S> integer_tensor(Shape shape, std::uint64_t seed) {
  using F = typename S::Format;
  using Stored = typename S::Stored;
  QuantTensor<S> t = random_tensor<S>(shape, seed);
  Samples samples{seed + 1};
  if constexpr (same_as<F, E4M3> || same_as<F, E5M2>) {
    for (index_t r = 0; r < shape.rows; ++r) {
      float const unit = r % 2 == 0 ? decode(Code<F>{1}) : 0.125f;
      for (index_t c = 0; c < shape.cols; ++c) {
        std::uint8_t& code = t.codes[static_cast<std::size_t>(r * t.row_bytes + c)];
        float units = 0;
        do {
          code = static_cast<std::uint8_t>(samples.bits() & 0xFF);
          units = decode(Code<F>{code}) / unit;
        } while (!(std::fabs(units) <= 128.0f) || units != std::trunc(units));
      }
    }
  }
  for (Stored& scale : t.scales) {
    int const exponent = samples.integer(-1, 2);
    if constexpr (Real<Stored>) {
      scale = from_float<Stored>(std::ldexp(1.0f, exponent));
    } else {
      bool const e4m3 = same_as<Stored, Code<UE4M3>>;
      scale.bits = static_cast<std::uint8_t>(e4m3 ? (7 + exponent) << 3 : 127 + exponent);
    }
  }
  if constexpr (S::has_global)
    t.global = {256.0f};
  return t;
}

template <Real T>
Matrix<T> integer_matrix(Shape shape, std::uint64_t seed) {
  Samples samples{seed};
  return matrix_of<T>(shape, [&] { return static_cast<float>(samples.integer(-5, 8)); });
}

/// The largest power of two of which x is a multiple; infinite for 0.
inline float unit_of(float x) {
  if (x == 0.0f)
    return HUGE_VALF;
  int exponent = 0;
  auto const digits = static_cast<std::int64_t>(std::ldexp(std::frexp(x, &exponent), 24));
  return std::ldexp(static_cast<float>(digits & -digits), exponent - 24);
}

/// x w^T, from sums of int64. That every partial sum is exact in binary32 is checked, not assumed.
inline Matrix<float> integer_product(Matrix<float> const& x, Matrix<float> const& w) {
  Matrix<float> y{{x.shape.rows, w.shape.rows}};
  std::int64_t largest = 0;
  for (index_t n = 0; n < w.shape.rows; ++n) {
    float unit = HUGE_VALF;
    for (index_t k = 0; k < w.shape.cols; ++k) unit = (std::min)(unit, unit_of(w(n, k)));
    for (index_t m = 0; m < x.shape.rows; ++m) {
      std::int64_t sum = 0;
      std::int64_t size = 0;
      for (index_t k = 0; k < w.shape.cols; ++k) {
        auto const product =
            static_cast<std::int64_t>(x(m, k)) * static_cast<std::int64_t>(w(n, k) / unit);
        sum += product;
        size += product < 0 ? -product : product;
      }
      largest = (std::max)(largest, size);
      y(m, n) = static_cast<float>(sum) * unit;
    }
  }
  CHECK(largest < 1 << 24);
  return y;
}

inline int different(Matrix<float> const& y, Matrix<float> const& expected) {
  REQUIRE(y.shape == expected.shape);
  int wrong = 0;
  for (std::size_t i = 0; i < y.values.size(); ++i)
    wrong += y.values[i] == expected.values[i] ? 0 : 1;
  return wrong;
}

/// Kernels run by the host, with arrays in its memory.
struct OnHost {
  template <class V>
  class Array {
   public:
    explicit Array(std::vector<V> from) : values_{std::move(from)} {}
    [[nodiscard]] V* data() const { return values_.data(); }
    [[nodiscard]] std::vector<V> get() const { return values_; }

   private:
    mutable std::vector<V> values_;  // a pointer's target, as on a device
  };
  template <class Kernel>
  static void run(Kernel const& kernel, cuda::Grid grid) {
    emulate(kernel, grid, Order::shuffled);
  }
};

/// x w^T by each kernel: `judge` sees every output. Outputs and partial sums are full of NaN before,
/// and a row behind the output must stay so.
template <class On, cuda::Packable S, Real T, class Judge>
void with_every_kernel(QuantTensor<S> const& w, Matrix<T> const& x, Judge const& judge) {
  using P = cuda::Product<S, T, float, NoEpilogue>;
  auto const packed = *cuda::pack(w.view());
  Shape const shape{x.shape.rows, w.shape.rows};
  typename On::template Array<std::uint8_t> const weight{
      std::vector<std::uint8_t>(packed.data(), packed.data() + packed.bytes())};
  typename On::template Array<T> const tokens{x.values};
  MatrixView<T const> const xs{tokens.data(), x.shape};
  auto const run = [&](char const* kernel, int splits, auto const& start) {
    INFO(kernel << ", parts of K: " << splits);
    Matrix<float> y{{shape.rows + 1, shape.cols}, std::nanf("")};
    typename On::template Array<float> const output{y.values};
    typename On::template Array<float> const partial{
        std::vector<float>(static_cast<std::size_t>(splits * shape.size()), std::nanf(""))};
    P product{cuda::tokens_of(xs), packed.view_at(weight.data()), {output.data(), shape}, {}};
    product.splits = splits;
    product.partial = splits > 1 ? partial.data() : nullptr;
    start(product);
    y.values = output.get();
    auto const end = y.values.begin() + static_cast<std::ptrdiff_t>(shape.size());
    CHECK(std::all_of(end, y.values.end(), [](float v) { return std::isnan(v); }));
    y.values.erase(end, y.values.end());
    y.shape = shape;
    judge(y);
  };
  run("simt", 1, [](P const& p) {
    MatrixView<T const> const view{p.x.data, p.x.shape};
    cuda::Simt<MatrixView<T const>, cuda::PackedView<S>, float, NoEpilogue> const kernel{
        view, p.w, p.y, {}};
    On::run(kernel, kernel.grid());
  });
  for (int const splits : {1, 3}) {
    run("skinny", splits, [](P const& p) {
      cuda::Skinny<P, 2> const kernel{p};
      On::run(kernel, kernel.grid(1));
      cuda::AddSplits<P> const sum{p};
      if (p.splits > 1)
        On::run(sum, sum.grid());
    });
  }
  run("mma_sm80", 1, [](P const& p) {
    cuda::MmaSm80<P> const kernel{p};
    On::run(kernel, kernel.grid(1));
  });
}

/// Integers to the bit, other numbers within the bound. Ragged in all three, and more tokens than
/// a block of `skinny` takes at once.
template <class On, cuda::Packable S, Real T>
void check_exact(Shape shape, index_t tokens) {
  INFO((std::string{S::Format::name} + " by " + T::Format::name));
  QuantTensor<S> const integers = integer_tensor<S>(shape, 1);
  Matrix<T> const x = integer_matrix<T>({tokens, shape.cols}, 2);
  Matrix<float> const expected = integer_product(widened(x), numbers_of(integers));
  with_every_kernel<On>(integers, x,
                        [&](Matrix<float> const& y) { CHECK(different(y, expected) == 0); });

  QuantTensor<S> const w = random_tensor<S>(shape, 3);
  Matrix<T> const z = normal_matrix<T>({tokens, shape.cols}, 4);
  Matrix<float> const left = widened(z);
  Matrix<float> const right = numbers_of(w);
  with_every_kernel<On>(
      w, z, [&](Matrix<float> const& y) { expect_held(like_binary64(left, right, y)); });
}

template <class On>
void check_exact_4_bits(Shape shape, index_t tokens) {
  check_exact<On, BlockScheme<NVFP4>, Code<BF16>>(shape, tokens);
  check_exact<On, BlockScheme<MXFP4>, Code<FP16>>(shape, tokens);
  check_exact<On, QuantScheme<INT4, PerGroup<64>>, Code<BF16>>(shape, tokens);
  check_exact<On, Int4Asymmetric, Code<FP16>>(shape, tokens);
}
template <class On>
void check_exact_8_bits(Shape shape, index_t tokens) {
  check_exact<On, Int8Rows, Code<BF16>>(shape, tokens);
  check_exact<On, QuantScheme<E4M3, PerBlock<128, 128>>, Code<BF16>>(shape, tokens);
  check_exact<On, BlockScheme<MXFP8_E4M3>, Code<FP16>>(shape, tokens);
  check_exact<On, QuantScheme<E5M2, PerChannel>, Code<FP16>>(shape, tokens);
}

}  // namespace qfmt::test
