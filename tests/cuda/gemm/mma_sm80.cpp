// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The kernel, every thread of it, on the host. Copies into shared memory happen only when they are
// waited for, so that a stage that is read too early holds what was there before.

#include <set>

#include <qfmt/cuda/gemm/mma_sm80.cuh>

#include <cuda/gemm/products.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class S, class T, class E>
void run(cuda::Product<S, T, float, E> const& product, index_t token_blocks = 1,
         Order order = Order::forward) {
  cuda::MmaSm80<cuda::Product<S, T, float, E>> const kernel{product};
  emulate(kernel, kernel.grid(token_blocks), order);
}

template <class S, class T>
void check_product(Shape shape, index_t tokens) {
  INFO((std::string{S::Format::name} + " by " + T::Format::name));
  Case<S, T> c{random_tensor<S>(shape, 1), normal_matrix<T>({tokens, shape.cols}, 2)};
  run(c.product(), ceil_div(tokens, 64));
  expect_held(c.violations());
}

}  // namespace

TEST_CASE("cuda: products of many tokens, for each way of reading and scaling") {
  // 200 columns are 16-byte pieces, 203 are not; five tiles go through all stages and again.
  check_product<BlockScheme<NVFP4>, Code<BF16>>({150, 328}, 67);
  check_product<BlockScheme<MXFP4>, Code<FP16>>({20, 203}, 40);
  check_product<Int4Asymmetric, Code<FP16>>({20, 200}, 40);
  check_product<BlockScheme<MXFP8_E4M3>, Code<BF16>>({20, 200}, 40);
}

TEST_CASE("cuda: blocks loop over tokens that no block was made for") {
  using S = BlockScheme<NVFP4>;
  Case<S, Code<BF16>> c{random_tensor<S>({16, 64}, 3), normal_matrix<Code<BF16>>({140, 64}, 4)};
  run(c.product(), 1, Order::shuffled);
  expect_held(c.violations());
}

TEST_CASE("cuda: INT8 by INT8 for many tokens") {
  QuantTensor<Int8Rows> const w = random_tensor<Int8Rows>({18, 208}, 5);
  QuantTensor<Int8Tokens> const x = random_tensor<Int8Tokens>({35, 208}, 6);
  auto const packed = *cuda::pack(w.view());
  Matrix<float> y{{35, 18}, std::nanf("")};
  cuda::Product<Int8Rows, std::int8_t, float, NoEpilogue> const product{
      cuda::tokens_of(x.view()), packed.view(), y.view(), {}};
  run(product);
  expect_held(like_binary64(numbers_of(x), numbers_of(w), y));
}

TEST_CASE("cuda: any number of stages gives the bits of two") {
  using S = QuantScheme<E4M3, PerChannel>;
  using T = Code<BF16>;
  Case<S, T> c{random_tensor<S>({20, 450}, 9), normal_matrix<T>({10, 450}, 10)};
  using P = std::remove_reference_t<decltype(c.product())>;
  run(c.product());  // two fit into 48 KB
  expect_held(c.violations());
  auto const first = c.y.values;
  auto const check = [&](auto const& kernel) {
    std::fill(c.y.values.begin(), c.y.values.end(), std::nanf(""));
    emulate(kernel, kernel.grid(1), Order::shuffled);
    CHECK(c.y.values == first);
  };
  static_assert(cuda::MmaSm80<P>::stages == 2);
  static_assert(sizeof(cuda::MmaSm80<P, 4>::Shared) > 48 * 1024);
  check(cuda::MmaSm80<P, 3>{c.product()});
  check(cuda::MmaSm80<P, 4>{c.product()});
  check(cuda::MmaSm80<P, 9>{c.product()});  // more than there are tiles
}

TEST_CASE("cuda: lanes that read tokens at once meet different banks") {
  auto const different = [](int row_bytes, int lanes, auto column_bytes, int bytes) {
    for (int first = 0; first < 32; first += lanes) {
      std::set<int> banks;
      for (int lane = first; lane < first + lanes; ++lane)
        banks.insert((lane / 4 * row_bytes + column_bytes(lane % 4)) % 128 / bytes);
      if (static_cast<int>(banks.size()) != lanes)
        return false;
    }
    return true;
  };
  using Halves = cuda::MmaSm80<cuda::Product<BlockScheme<NVFP4>, Code<BF16>, float, NoEpilogue>>;
  using Bytes = cuda::MmaSm80<cuda::Product<Int8Rows, std::int8_t, float, NoEpilogue>>;
  CHECK(different(
      Halves::token_bytes, 8, [](int t) { return 32 * t; }, 16));  // lane-owned
  CHECK(different(
      Halves::token_bytes, 32, [](int t) { return 4 * t; }, 4));  // natural
  CHECK(different(
      Bytes::token_bytes, 8, [](int t) { return 16 * t; }, 16));
  CHECK_FALSE(different(
      128, 8, [](int t) { return 32 * t; }, 16));
}
