// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Against quantize() on the host: the same scales and codes, also where a block is spread over
// lanes (whose exchange is played here, and done by a device where there is one).

#include <cstdio>
#include <cstring>
#include <doctest/doctest.h>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/cuda/scaling/quantize_block.cuh>
#include <qfmt/tensor/quantize.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// Lanes of a block whose partners' largest magnitude is known beforehand.
std::uint32_t partners = 0;
template <int Lanes>
struct PlayedLanes {
  enum { lanes = Lanes };
  static std::uint32_t max(std::uint32_t x) { return x > partners ? x : partners; }
};

constexpr Shape shape{24, 128};

/// Numbers of very different sizes, zeros and whole blocks of zeros among them.
Matrix<float> numbers() {
  auto matrix = normal_matrix(shape, 3);
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    matrix.values[i] *= power_of_two(static_cast<int>(i / 32 % 61) - 30);
    if (i / 32 % 7 == 3 || i % 13 == 5)
      matrix.values[i] = 0.0f;
  }
  return matrix;
}

template <int N>
cuda::Values<float, N> at(Matrix<float> const& matrix, index_t row, index_t col) {
  cuda::Values<float, N> values;
  for (int i = 0; i < N; ++i) values.set(i, matrix(row, col + i));
  return values;
}

template <class B, class P, int Lanes>
void check(typename B::Policy::Global const* given = nullptr) {
  using S = BlockScheme<B, Static<AbsMax>, P>;
  constexpr int per_lane = static_cast<int>(B::block_size) / Lanes;
  auto const matrix = numbers();
  auto const global = given != nullptr ? *given : fit_global<S, float>(matrix.view());
  auto const expected = quantize_with<S, float>(matrix.view(), global);
  REQUIRE(expected);
  int wrong = 0;
  for (index_t row = 0; row < shape.rows; ++row) {
    for (index_t col = 0; col < shape.cols; col += per_lane) {
      index_t const block = col / B::block_size;
      partners = 0;
      for (index_t i = 0; i < B::block_size; ++i)
        partners = std::max(partners, magnitude_bits(matrix(row, block * B::block_size + i)));
      auto const x = at<per_lane>(matrix, row, col);
      auto const got = [&] {
        if constexpr (Lanes == 1)
          return cuda::quantize_block<B, cuda::OneLane, P>(x, global);
        else
          return cuda::quantize_block<B, PlayedLanes<Lanes>, P>(x, global);
      }();
      auto const view = expected->view();
      wrong += got.scale == view.scales[row * view.scale_shape.cols + block] ? 0 : 1;
      for (int i = 0; i < per_lane; ++i) wrong += got.codes[i] == view.code(row, col + i) ? 0 : 1;
    }
  }
  INFO(B::name << ", " << P::name << ", " << Lanes << " lanes");
  CHECK(wrong == 0);
}

struct EachBlockFormat {
  template <class B>
  void operator()() const {
    check<B, profile::Qfmt, 1>();
    check<B, profile::Qfmt, 2>();
    check<B, profile::CompressedTensors, 4>();
  }
};

__global__ void on_device(float const* x, std::uint32_t* codes, Code<UE4M3>* scales,
                          GlobalScale global) {
  cuda::Values<float, 8> values;
  for (int i = 0; i < 8; ++i) values.set(i, x[8 * threadIdx.x + i]);
  auto const q = cuda::quantize_block<NVFP4, cuda::NeighbouringLanes<2>>(values, global);
  codes[threadIdx.x] = q.codes.word[0];
  scales[threadIdx.x] = q.scale;
}

}  // namespace

TEST_CASE("cuda: a block in registers is quantized as a matrix is") {
  BlockFormats::for_each(EachBlockFormat{});
}

TEST_CASE("cuda: with a tensor scale that clips") {
  GlobalScale const global{1e6f};
  check<NVFP4, profile::Qfmt, 2>(&global);
}

TEST_CASE("cuda: a block over lanes, on a device") {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) {
    std::puts("SKIP: no CUDA device; the exchange between lanes was compiled, not run");
    return;
  }
  auto const matrix = normal_matrix({1, 256}, 4);
  auto const global = fit_global<BlockScheme<NVFP4>, float>(matrix.view());
  auto const expected = quantize_with<BlockScheme<NVFP4>, float>(matrix.view(), global);
  float* x = nullptr;
  std::uint32_t* codes = nullptr;
  Code<UE4M3>* scales = nullptr;
  REQUIRE(cudaMallocManaged(&x, 256 * sizeof(float)) == cudaSuccess);
  REQUIRE(cudaMallocManaged(&codes, 32 * sizeof(std::uint32_t)) == cudaSuccess);
  REQUIRE(cudaMallocManaged(&scales, 32) == cudaSuccess);
  std::copy(matrix.values.begin(), matrix.values.end(), x);
  on_device<<<1, 32>>>(x, codes, scales, global);
  REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
  CHECK(std::memcmp(codes, expected->codes.data(), 128) == 0);
  for (int lane = 0; lane < 32; ++lane)
    CHECK(scales[lane] == expected->scales[static_cast<std::size_t>(lane / 2)]);
  cudaFree(x);
  cudaFree(codes);
  cudaFree(scales);
}
