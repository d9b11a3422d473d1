// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Both launches by emulated threads, against amax() and fit_global() on the host.

#include <doctest/doctest.h>

#include <qfmt/cuda/tensor/amax.cuh>

#include <cuda/tensor/emulated_rows.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class Finish, class T>
typename Finish::Result reduce(MatrixView<T const> x, Order order = Order::forward) {
  std::vector<float> workspace(cuda::amax_workspace, -1.0f);
  typename Finish::Result result{};
  auto const grid = cuda::PartialAmax<T>::grid(x.shape);
  REQUIRE(grid.x <= cuda::amax_workspace);
  REQUIRE(EmulatedThreads::launch(cuda::PartialAmax<T>{x, workspace.data()}, grid, 256, order));
  cuda::CombineAmax<Finish> const second{workspace.data(), static_cast<int>(grid.x), &result};
  REQUIRE(EmulatedThreads::launch(second, {}, 256, order));
  return result;
}

}  // namespace

TEST_CASE("cuda: the largest magnitude, wherever it lies") {
  Shape const shape{37, 1003};
  for (Shape const place : {Shape{0, 0}, {36, 1002}, {17, 640}, {36, 0}}) {
    auto matrix = normal_matrix(shape, 6);
    matrix(place.rows, place.cols) = -77.5f;
    for (Order const order : all_orders)
      CHECK(reduce<cuda::AmaxItself, float>(std::as_const(matrix).view(), order) == 77.5f);
    matrix(place.rows, place.cols) = bit_cast<float>(0xFFC00000u);
    CHECK(is_nan(reduce<cuda::AmaxItself, float>(std::as_const(matrix).view())));
  }
}

TEST_CASE("cuda: the tensor's part is fit_global()") {
  auto const matrix = normal_matrix<Code<BF16>>({5, 77}, 6);
  using Finish = cuda::GlobalOfAmax<E2M1, TwoLevel, profile::Qfmt, Code<BF16>>;
  CHECK(reduce<Finish, Code<BF16>>(matrix.view()) == global_of<NVFP4>(matrix));
}

TEST_CASE("cuda: nothing has magnitude zero") {
  CHECK(reduce<cuda::AmaxItself, float>({nullptr, {0, 5}}) == 0.0f);
  CHECK(cuda::PartialAmax<float>::grid({1 << 20, 1 << 20}).x == cuda::amax_workspace);
}
