// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A scale for each row, by emulated threads, against quantize() on the host byte for byte: rows that
// stay in registers and longer ones, odd sizes, every format of an activation or a channel.

#include <doctest/doctest.h>

#include <qfmt/cuda/tensor/quantize_rows.cuh>
#include <qfmt/formats/all.hpp>

#include <cuda/tensor/emulated_rows.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class F, class T, class Stored = float, class P = profile::Qfmt>
void check(Shape shape, Order order = Order::forward) {
  auto const matrix = ragged_matrix<T>(shape, 5);
  RowOutput<F, Stored> out{shape};
  REQUIRE(emulate_rows<F, Stored, cuda::MatrixRows<T>, P>({matrix.view()}, out.view(), order));
  INFO(F::name << ", " << shape.rows << " x " << shape.cols);
  CHECK((out.template wrong<T, P>(matrix) == 0));
}

}  // namespace

TEST_CASE("cuda: token by token is quantize(), for rows of every length") {
  for (index_t const cols : {1, 7, 8, 33, 257, 700}) check<E4M3, Code<BF16>>({7, cols});
  check<E4M3, Code<BF16>>({1, 14336});
  check<E4M3, Code<BF16>>({2, 15000});  // longer than the registers of a block
}

TEST_CASE("cuda: every order of threads gives the same") {
  for (Order const order : all_orders) check<INT8, Code<FP16>>({3, 1030}, order);
}

TEST_CASE("cuda: channel by channel, in every format and with stored scales of 16 bits") {
  check<INT8, float>({6, 300});
  check<INT4, float>({6, 301});
  check<E5M2, Code<FP16>>({6, 77});
  check<E2M3, float>({6, 77});
  check<NF4, float>({6, 77});
  check<INT4, Code<BF16>, Code<BF16>>({6, 129});
  check<E4M3, Code<BF16>, float, profile::CompressedTensors>({6, 129});
}

TEST_CASE("cuda: a wrong scale is noticed") {
  auto const matrix = ragged_matrix<float>({3, 64}, 5);
  RowOutput<INT8, float> out{matrix.shape};
  REQUIRE(emulate_rows<INT8, float>(cuda::MatrixRows<float>{matrix.view()}, out.view(),
                                    Order::forward));
  out.scales.data()[1] *= 2.0f;
  CHECK(out.wrong(matrix) == 1);
}
