// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Against quantize() on the host: the same scales and codes, in one lane and spread over lanes (whose
// exchange is played here, and emulated in the tests of kernels).

#include <algorithm>
#include <doctest/doctest.h>
#include <support/samples.hpp>

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
Matrix<float> numbers(int lowest, int sizes) {
  auto matrix = normal_matrix(shape, 3);
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    matrix.values[i] *= power_of_two(static_cast<int>(i / 32) % sizes + lowest);
    if (i / 32 % 7 == 3 || i % 13 == 5)
      matrix.values[i] = i % 2 == 0 ? 0.0f : -0.0f;
  }
  return matrix;
}

template <int N>
cuda::Values<float, N> at(Matrix<float> const& matrix, index_t row, index_t col) {
  cuda::Values<float, N> values;
  for (int i = 0; i < N; ++i) values.set(i, matrix(row, col + i));
  return values;
}

/// The bits of the largest magnitude of a block.
template <class B>
std::uint32_t block_amax(Matrix<float> const& matrix, index_t row, index_t block) {
  std::uint32_t amax = 0;
  for (index_t i = 0; i < B::block_size; ++i)
    amax = std::max(amax, magnitude_bits(matrix(row, block * B::block_size + i)));
  return amax;
}

template <class B, class P, int Lanes>
void check(Matrix<float> const& matrix, typename B::Policy::Global const* given = nullptr) {
  using S = BlockScheme<B, Static<AbsMax>, P>;
  constexpr int per_lane = static_cast<int>(B::block_size) / Lanes;
  auto const global = given != nullptr ? *given : fit_global<S, float>(matrix.view());
  auto const expected = quantize_with<S, float>(matrix.view(), global);
  REQUIRE(expected);
  int wrong = 0;
  for (index_t row = 0; row < shape.rows; ++row) {
    for (index_t col = 0; col < shape.cols; col += per_lane) {
      index_t const block = col / B::block_size;
      partners = block_amax<B>(matrix, row, block);
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

/// A block over two lanes, rounded stochastically: the scale as ever, and the host's codes of the
/// quotients for the bits of the same elements.
template <class B, class R>
void check_stochastic(Matrix<float> const& matrix) {
  using S = BlockScheme<B, Static<AbsMax>>;
  using F = typename B::Element;
  constexpr int per_lane = static_cast<int>(B::block_size) / 2;
  Philox const random{2026};
  auto const global = fit_global<S, float>(matrix.view());
  auto const expected = quantize_with<S, float>(matrix.view(), global);
  REQUIRE(expected);
  int wrong = 0;
  int moved = 0;
  for (index_t row = 0; row < shape.rows; ++row) {
    for (index_t col = 0; col < shape.cols; col += per_lane) {
      index_t const block = col / B::block_size;
      partners = block_amax<B>(matrix, row, block);
      auto const index = static_cast<std::uint64_t>(row * shape.cols + col);
      auto const got = cuda::quantize_block<B, PlayedLanes<2>, R>(
          at<per_lane>(matrix, row, col), cuda::random_words<per_lane>(random, index), global);
      auto const scale = expected->view().scales[row * expected->view().scale_shape.cols + block];
      wrong += got.scale == scale ? 0 : 1;
      float const prepared = B::Policy::template prepare<profile::Qfmt>(scale, global);
      for (int i = 0; i < per_lane; ++i) {
        R const rounding{random(index + static_cast<std::uint64_t>(i))};
        wrong += got.codes[i] == encode<F>(matrix(row, col + i) / prepared, rounding) ? 0 : 1;
        moved += got.codes[i] == expected->view().code(row, col + i) ? 0 : 1;
      }
    }
  }
  INFO(B::name);
  CHECK(wrong == 0);
  CHECK(moved > 100);  // it is not rounding to nearest
}

struct EachBlockFormat {
  Matrix<float> matrix = numbers(-30, 61);
  template <class B>
  void operator()() const {
    check<B, profile::Qfmt, 1>(matrix);
    check<B, profile::Qfmt, 2>(matrix);
  }
};

}  // namespace

TEST_CASE("cuda: a block in registers is quantized as a matrix is") {
  BlockFormats::for_each(EachBlockFormat{});
}

TEST_CASE("cuda: a block in registers, rounded stochastically") {
  for (int const lowest : {-110, -30, 60}) {
    check_stochastic<NVFP4, Stochastic<32>>(numbers(lowest, 24));
    check_stochastic<NVFP4, Stochastic<8>>(numbers(lowest, 24));
    check_stochastic<MXFP4, Stochastic<32>>(numbers(lowest, 24));
    check_stochastic<MXFP8_E5M2, Stochastic<16>>(numbers(lowest, 24));
  }
}

TEST_CASE("cuda: in another profile") {
  check<NVFP4, profile::CompressedTensors, 4>(numbers(-30, 61));
  check<MXFP4, profile::CompressedTensors, 4>(numbers(-30, 61));
}

TEST_CASE("cuda: tensor scales that clip, and beyond what the short way covers") {
  for (float const scale : {1e6f, 0x1p-70f, 0x1p70f, 0x1p-20f, 3.0f}) {
    GlobalScale const global{scale};
    check<NVFP4, profile::Qfmt, 2>(numbers(-30, 61), &global);
  }
}

TEST_CASE("cuda: blocks of subnormal and of huge numbers") {
  for (int const lowest : {-149, -110, 60, 100}) {
    Matrix<float> const matrix = numbers(lowest, 24);
    check<NVFP4, profile::Qfmt, 2>(matrix);
    check<MXFP4, profile::Qfmt, 4>(matrix);
    check<MXFP8_E4M3, profile::Qfmt, 4>(matrix);
  }
}
