// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The exponential and SiLU against binary64, and SiLU, product and quantize in one kernel, by emulated
// threads, against one after the other.

#include <cmath>
#include <doctest/doctest.h>

#include <qfmt/cuda/tensor/quantize_rows.cuh>
#include <qfmt/cuda/tensor/silu_mul.cuh>

#include <cuda/tensor/emulated_rows.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// The distance of x from exact in units in the last place of exact.
double units(float x, double exact) {
  int exponent = 0;
  std::frexp(exact, &exponent);
  return std::abs(static_cast<double>(x) - exact) / std::ldexp(1.0, exponent - 24);
}

template <class T>
Matrix<T> product(Matrix<T> const& gate, Matrix<T> const& up) {
  Matrix<T> y{gate.shape};
  for (std::size_t i = 0; i < y.values.size(); ++i)
    y.values[i] = from_float<T>(cuda::silu(to_float(gate.values[i])) * to_float(up.values[i]));
  return y;
}

}  // namespace

TEST_CASE("cuda: the exponential is within one unit, SiLU within three") {
  double of_exponential = 0;
  double of_silu = 0;
  for (int i = -87 * 4096; i <= 88 * 4096; i += 7) {
    float const x = static_cast<float>(i) / 4096.0f;
    double const exact = std::exp(static_cast<double>(x));
    of_exponential = std::max(of_exponential, units(cuda::exponential(x), exact));
    if (x != 0)
      of_silu = std::max(of_silu, units(cuda::silu(-x), -static_cast<double>(x) / (1 + exact)));
  }
  CHECK(of_exponential <= 1.0);
  CHECK(of_silu <= 3.0);
  CHECK(cuda::exponential(0.0f) == 1.0f);
}

TEST_CASE("cuda: SiLU of what is not ordinary") {
  float const infinity = bit_cast<float>(0x7F800000u);
  CHECK(cuda::silu(infinity) == infinity);
  CHECK(cuda::silu(-infinity) == -infinity);
  CHECK(is_nan(cuda::silu(bit_cast<float>(0x7FC00000u))));
  CHECK(std::abs(cuda::silu(-1000.0f)) <= 0x1p-115f);
  CHECK(bit_cast<std::uint32_t>(cuda::silu(-0.0f)) == 0x80000000u);
}

TEST_CASE("cuda: SiLU, product and quantize in one are one after the other") {
  using T = Code<BF16>;
  Shape const shape{5, 330};
  auto const both = normal_matrix<T>({5, 2 * 330 + 4}, 4);  // gate and up side by side
  Matrix<T> gate{shape};
  Matrix<T> up{shape};
  for (index_t r = 0; r < 5; ++r) {
    std::copy_n(both.view().row(r), 330, gate.view().row(r));
    std::copy_n(both.view().row(r) + 334, 330, up.view().row(r));
  }
  auto const y = product(gate, up);
  cuda::SiluMul<T> const source{{both.view().data, shape, both.shape.cols},
                                {both.view().data + 334, shape, both.shape.cols}};
  CHECK(source.check() == Status::ok);

  RowOutput<E4M3, float> rows{shape};
  REQUIRE(emulate_rows<E4M3, float>(source, rows.view(), Order::shuffled));
  CHECK(rows.wrong(y) == 0);
  BlockOutput<MXFP8_E4M3, Swizzled128x4> blocks{shape};
  REQUIRE(emulate_blocks<MXFP8_E4M3, Swizzled128x4>(source, blocks.view(), {}, Order::backward));
  CHECK(blocks.wrong(y, {}) == 0);
  TensorOutput<INT8> tensor{shape};
  REQUIRE(emulate(source, tensor.target({0.03f, nullptr}), Order::forward));
  CHECK(tensor.wrong(y, 0.03f) == 0);
}

TEST_CASE("cuda: gate and up of different shapes are refused") {
  Matrix<float> x{{2, 3}};
  Matrix<float> other{{2, 4}};
  CHECK(cuda::SiluMul<float>{x.view(), other.view()}.check() == Status::shape_mismatch);
  CHECK(cuda::SiluMul<float>{x.view(), {nullptr, {2, 3}}}.check() == Status::null_pointer);
}
