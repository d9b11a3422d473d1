// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// One known scale, by emulated threads, against Frozen::quantize() on the host byte for byte: odd
// sizes, scales from far too small to far too large. Fused sources are tested with the sources.

#include <doctest/doctest.h>
#include <initializer_list>

#include <qfmt/cuda/tensor/quantize_tensor.cuh>
#include <qfmt/formats/all.hpp>

#include <cuda/tensor/emulated_rows.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class F, class T, class Stored = float, class P = profile::Qfmt>
void check(Shape shape, Stored scale, Order order = Order::forward) {
  auto const matrix = ragged_matrix<T>(shape, 5);
  TensorOutput<F, Stored, P> out{shape};
  REQUIRE(emulate(cuda::MatrixRows<T>{matrix.view()}, out.target({scale, nullptr}), order));
  INFO(F::name << ", " << shape.rows << " x " << shape.cols << ", scale " << to_float(scale));
  CHECK(out.wrong(matrix, scale) == 0);
}

}  // namespace

TEST_CASE("cuda: under a known scale, rows of every length") {
  for (Shape const shape : {Shape{1, 1}, {5, 7}, {2, 8}, {3, 257}, {2, 2080}, {37, 40}})
    check<E4M3, Code<BF16>>(shape, 0.037f);
  for (Order const order : all_orders) check<INT8, Code<FP16>>({3, 1030}, 0.01f, order);
}

TEST_CASE("cuda: under scales of every size, in every format") {
  for (float const scale : {1.0f, 0x1.9p-20f, 0x1p-62f, 0x1.1p62f, 0x1p-126f, 0x1p127f}) {
    check<E4M3, Code<BF16>>({4, 65}, scale);
    check<INT8, float>({4, 65}, scale);
  }
  check<E5M2, Code<FP16>>({6, 77}, 0.002f);
  check<INT4, float>({6, 77}, 0.1f);
  check<E2M3, float>({6, 77}, 0.1f);
  check<NF4, float>({6, 77}, 0.1f);
  check<E4M3, Code<BF16>>({6, 77}, from_float<Code<BF16>>(0.01f));
  check<E4M3, Code<BF16>, float, profile::CompressedTensors>({6, 129}, 0.011f);
}

TEST_CASE("cuda: a known scale that lies elsewhere") {
  auto const matrix = ragged_matrix<float>({3, 64}, 5);
  float const scale = 0.25f;
  TensorOutput<INT8> out{matrix.shape};
  REQUIRE(
      emulate(cuda::MatrixRows<float>{matrix.view()}, out.target({1.0f, &scale}), Order::forward));
  CHECK(out.wrong(matrix, scale) == 0);
  CHECK(out.wrong(matrix, 0.26f) > 0);
}

TEST_CASE("cuda: what is not finite, and scales that are not, go through the rules of the format") {
  float const infinity = bit_cast<float>(0x7F800000u);
  auto matrix = ragged_matrix<float>({1, 40}, 5);
  matrix(0, 3) = infinity;
  matrix(0, 17) = bit_cast<float>(0xFFC00000u);
  matrix(0, 30) = -0x1p100f;
  for (float const scale : {0.5f, 0.0f, -2.0f, infinity, bit_cast<float>(0x7FC00000u)}) {
    TensorOutput<E4M3> out{matrix.shape};
    REQUIRE(emulate(cuda::MatrixRows<float>{matrix.view()}, out.target({scale, nullptr}),
                    Order::forward));
    int wrong = 0;
    for (index_t c = 0; c < 40; ++c)
      wrong += out.codes[c] == encode<E4M3>(matrix(0, c) / scale).bits ? 0 : 1;
    INFO(scale);
    CHECK(wrong == 0);
  }
}
