// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Add, RMSNorm and quantize in one kernel, by emulated threads: the residual and the norm against
// binary64 within a derived bound, and the codes against quantize() of the norm's own rounded values.

#include <cmath>
#include <doctest/doctest.h>

#include <qfmt/cuda/tensor/quantize_rows.cuh>
#include <qfmt/cuda/tensor/rms_norm.cuh>

#include <cuda/tensor/emulated_rows.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

constexpr float epsilon = 1e-5f;

template <class T>
struct Inputs {
  explicit Inputs(Shape shape)
      : x{normal_matrix<T>(shape, 1)},
        residual{normal_matrix<T>(shape, 2)},
        weight{normal_matrix<T>({1, shape.cols}, 3)} {}
  Matrix<T> x;
  Matrix<T> residual;
  Matrix<T> weight;
};

/// h, and the rows of the norm with the kernel's own order of sums: each thread its vectors, then
/// lanes in pairs, then warps in pairs.
template <class T>
void expect(Inputs<T> const& in, Matrix<T>& h, Matrix<T>& y) {
  index_t const cols = in.x.shape.cols;
  int const threads =
      cuda::RowKernel<cuda::AddRmsNorm<T>, cuda::RowTarget<INT8, float, profile::Qfmt>>::threads(
          cols);
  auto const pairs = [](std::vector<float> sums) {
    sums.resize(32);
    for (std::size_t distance = 1; distance < 32; distance *= 2) {
      for (std::size_t i = 0; i < 32; i += 2 * distance) sums[i] += sums[i + distance];
    }
    return sums[0];
  };
  for (index_t r = 0; r < in.x.shape.rows; ++r) {
    std::vector<float> sums(static_cast<std::size_t>(threads));
    for (index_t c = 0; c < cols; ++c) {
      h(r, c) = from_float<T>(to_float(in.x(r, c)) + to_float(in.residual(r, c)));
      float& sum = sums[static_cast<std::size_t>(c / 8 % threads)];
      sum = std::fma(to_float(h(r, c)), to_float(h(r, c)), sum);
    }
    std::vector<float> warps;
    for (auto i = sums.begin(); i != sums.end(); i += 32) warps.push_back(pairs({i, i + 32}));
    float const factor = 1.0f / std::sqrt(pairs(warps) / static_cast<float>(cols) + epsilon);
    double squares = 0;
    for (index_t c = 0; c < cols; ++c)
      squares += std::pow(static_cast<double>(to_float(h(r, c))), 2);
    double const exact =
        1.0 / std::sqrt(squares / static_cast<double>(cols) + static_cast<double>(epsilon));
    // A sum of positive numbers in n additions is off by n units at most, and the root halves that.
    double const bound = static_cast<double>(cols) * 0x1p-25 + 4 * 0x1p-24;
    CHECK(std::abs(static_cast<double>(factor) - exact) <= bound * exact);
    for (index_t c = 0; c < cols; ++c)
      y(r, c) = from_float<T>(to_float(h(r, c)) * factor * to_float(in.weight(0, c)));
  }
}

template <class T>
bool same(Matrix<T> const& a, Matrix<T> const& b) {
  return std::equal(a.values.begin(), a.values.end(), b.values.begin(),
                    [](T u, T v) { return to_float(u) == to_float(v); });
}

template <class T>
void check(Shape shape, Order order) {
  INFO(shape.rows << " x " << shape.cols);
  Inputs<T> in{shape};
  Matrix<T> h{shape};
  Matrix<T> y{shape};
  expect(in, h, y);

  auto residual = in.residual;
  cuda::AddRmsNorm<T> const source{in.x.view(), residual.view(), in.weight.values.data(), epsilon};
  CHECK(source.check() == Status::ok);
  RowOutput<INT8, float> rows{shape};
  REQUIRE(emulate_rows<INT8, float>(source, rows.view(), order));
  CHECK(rows.wrong(y) == 0);
  CHECK(same(residual, h));

  residual = in.residual;
  auto const global = global_of<NVFP4>(y);
  BlockOutput<NVFP4, Swizzled8x4> blocks{shape};
  REQUIRE(emulate_blocks<NVFP4, Swizzled8x4>(source, blocks.view(), {global, nullptr}, order));
  CHECK(blocks.wrong(y, global) == 0);
  CHECK(same(residual, h));

  residual = in.residual;
  TensorOutput<E4M3> tensor{shape};
  REQUIRE(emulate(source, tensor.target({0.0078f, nullptr}), order));
  CHECK(tensor.wrong(y, 0.0078f) == 0);
  CHECK(same(residual, h));
}

}  // namespace

TEST_CASE("cuda: RMSNorm and quantize in one are one after the other") {
  check<Code<BF16>>({3, 1}, Order::forward);
  check<Code<BF16>>({3, 100}, Order::backward);
  check<Code<FP16>>({2, 1037}, Order::shuffled);
  check<float>({9, 264}, Order::forward);
  check<Code<BF16>>({1, 14500}, Order::forward);  // longer than the registers of a block
}

TEST_CASE("cuda: without a residual nothing is added and nothing written") {
  Shape const shape{2, 90};
  Inputs<float> in{shape};
  in.residual = Matrix<float>{shape};
  Matrix<float> h{shape};
  Matrix<float> y{shape};
  expect(in, h, y);
  cuda::AddRmsNorm<float> const source{in.x.view(), {}, in.weight.values.data(), epsilon};
  RowOutput<INT8, float> rows{shape};
  REQUIRE(emulate_rows<INT8, float>(source, rows.view(), Order::forward));
  CHECK(rows.wrong(y) == 0);
}

TEST_CASE("cuda: an RMSNorm refuses what does not fit") {
  Matrix<float> x{{2, 3}};
  Matrix<float> other{{3, 3}};
  using Norm = cuda::AddRmsNorm<float>;
  CHECK(Norm{x.view(), other.view(), x.values.data(), 0}.check() == Status::shape_mismatch);
  CHECK(Norm{x.view(), {}, nullptr, 0}.check() == Status::null_pointer);
  CHECK(Norm{{x.values.data(), {2, 3}, 2}, {}, x.values.data(), 0}.check() ==
        Status::stride_invalid);
}
