// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Every kernel with every weight that a model comes with, for both types of tokens: what exact.hpp has
// not already, within the bound.

#include <cuda/gemm/exact.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class S, class T>
void check() {
  INFO((std::string{S::Format::name} + " by " + T::Format::name));
  QuantTensor<S> const w = random_tensor<S>({19, 205}, 1);  // four tiles, and two groups of 128
  Matrix<T> const x = normal_matrix<T>({9, 205}, 2);
  Matrix<float> const left = widened(x);
  Matrix<float> const right = numbers_of(w);
  with_every_kernel<OnHost>(
      w, x, [&](Matrix<float> const& y) { expect_held(like_binary64(left, right, y)); });
}

template <class S>
void check_both() {
  check<S, Code<BF16>>();
  check<S, Code<FP16>>();
}

template <index_t N>
using Int4 = QuantScheme<INT4, PerGroup<N>>;
template <index_t N>
using Int4WithZeros = QuantScheme<INT4, PerGroup<N>, Asymmetric, Static<MinMax>>;

}  // namespace

TEST_CASE("cuda: every kernel multiplies NVFP4 and MXFP4") {
  check<BlockScheme<NVFP4>, Code<FP16>>();
  check<BlockScheme<MXFP4>, Code<BF16>>();
}

TEST_CASE(
    "cuda: every kernel multiplies INT4 in groups of 32, 64 and 128, with zero points or without") {
  check_both<Int4<32>>();
  check<Int4<64>, Code<FP16>>();
  check_both<Int4<128>>();
  check_both<Int4WithZeros<32>>();
  check_both<Int4WithZeros<64>>();
  check<Int4WithZeros<128>, Code<BF16>>();
}

TEST_CASE("cuda: every kernel multiplies INT8 and FP8") {
  check<Int8Rows, Code<FP16>>();
  check<QuantScheme<INT8, PerGroup<128>>, Code<BF16>>();
  check_both<QuantScheme<E4M3, PerChannel>>();
  check_both<QuantScheme<E4M3, PerTensor>>();
  check<QuantScheme<E4M3, PerBlock<128, 128>>, Code<FP16>>();
  check<BlockScheme<MXFP8_E4M3>, Code<BF16>>();
  check<QuantScheme<E5M2, PerChannel>, Code<BF16>>();
}
