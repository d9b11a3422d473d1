// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The kernel, every thread of it, on the host: with the instructions of a warp as the PTX manual
// defines them. What is left to a device is that it does what its manual says.

#include <limits>

#include <qfmt/cuda/gemm/skinny.cuh>

#include <cuda/gemm/products.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <int TokenTiles, class S, class T, class E>
void run(cuda::Product<S, T, float, E> const& product, Order order = Order::forward) {
  cuda::Skinny<cuda::Product<S, T, float, E>, TokenTiles> const kernel{product};
  emulate(kernel, kernel.grid(1), order);
}

/// Ragged in all three: rows, columns, tokens.
template <class S, class T>
void check_product() {
  INFO((std::string{S::Format::name} + " by " + T::Format::name));
  Case<S, T> c{random_tensor<S>({37, 150}, 1), normal_matrix<T>({5, 150}, 2)};
  run<1>(c.product());
  expect_held(c.violations());
}

/// Every weight by itself: row m of the identity gives column m of the weight.
template <class S, class T>
void check_one_hot() {
  INFO((std::string{S::Format::name} + " by " + T::Format::name));
  constexpr index_t k = 32;
  QuantTensor<S> w = random_tensor<S>({16, k}, 3);
  if constexpr (S::has_global)
    w.global.encode_scale = 256.0f;  // no rounding here either
  Case<S, T> c{w, identity<T>(k)};
  run<4>(c.product());
  CHECK(different_from_transposed(c.y, numbers_of(c.w)) == 0);
}

}  // namespace

TEST_CASE("cuda: skinny products, for each format and token type") {
  check_product<BlockScheme<NVFP4>, Code<BF16>>();
  check_product<BlockScheme<NVFP4>, Code<FP16>>();
  check_product<BlockScheme<MXFP4>, Code<BF16>>();
  check_product<QuantScheme<INT4, PerGroup<32>>, Code<FP16>>();
  check_product<QuantScheme<INT4, PerGroup<64>, SymmetricScale<Code<BF16>>>, Code<BF16>>();
  check_product<Int4Asymmetric, Code<BF16>>();
  check_product<Int8Rows, Code<FP16>>();
  check_product<QuantScheme<E4M3, PerBlock<128, 128>>, Code<BF16>>();
}

TEST_CASE("cuda: a token that is one in one place gives the weights, to the bit") {
  check_one_hot<BlockScheme<NVFP4>, Code<BF16>>();
  check_one_hot<BlockScheme<MXFP4>, Code<FP16>>();
  check_one_hot<Int4Asymmetric, Code<BF16>>();
}

TEST_CASE("cuda: any order of threads gives the same sums: no barrier is missing") {
  using S = BlockScheme<NVFP4>;
  Case<S, Code<BF16>> c{random_tensor<S>({40, 300}, 5), normal_matrix<Code<BF16>>({11, 300}, 6)};
  run<2>(c.product());
  expect_held(c.violations());
  auto const first = c.y.values;
  for (Order const order : {Order::backward, Order::shuffled}) {
    std::fill(c.y.values.begin(), c.y.values.end(), std::nanf(""));
    run<2>(c.product(), order);
    CHECK(c.y.values == first);
  }
}

TEST_CASE("cuda: parts of K are added in order, then finished") {
  using S = BlockScheme<NVFP4>;
  Case<S, Code<BF16>> c{random_tensor<S>({20, 64 * 5}, 7), normal_matrix<Code<BF16>>({3, 320}, 8)};
  Matrix<float> partial{{3 * 3, 20}, std::nanf("")};
  auto product = c.product();
  product.splits = 3;
  product.partial = partial.values.data();
  run<1>(product);
  cuda::AddSplits<decltype(product)> const sum{product};
  emulate(sum, sum.grid());
  expect_held(c.violations());
  float const parts = partial(0, 0) + partial(3, 0) + partial(6, 0);
  CHECK(c.y(0, 0) == parts * 128.0f / c.w.global.encode_scale);
}

TEST_CASE("cuda: tiles are read ahead, for as many turns as there are") {
  using S = BlockScheme<NVFP4>;
  constexpr index_t k = 2900;  // 46 tiles: six turns of eight warps
  Case<S, Code<BF16>> c{random_tensor<S>({5, k}, 13), normal_matrix<Code<BF16>>({2, k}, 14)};
  run<1>(c.product());
  expect_held(c.violations());
}

TEST_CASE("cuda: no token is read beyond its last column, where whole rounds of tiles end there") {
  using S = BlockScheme<NVFP4>;
  constexpr index_t k = 64 * 32 - 8;  // four turns of eight warps, the last tile ragged
  Case<S, Code<BF16>> c{random_tensor<S>({5, k}, 17), normal_matrix<Code<BF16>>({2, k}, 18)};
  auto const nan = from_float<Code<BF16>>(std::numeric_limits<float>::quiet_NaN());
  Matrix<Code<BF16>> wide{{2, k + 8}, nan};
  for (index_t m = 0; m < 2; ++m)
    for (index_t i = 0; i < k; ++i) wide(m, i) = c.x(m, i);
  auto product = c.product();
  product.x = cuda::tokens_of(MatrixView<Code<BF16> const>{wide.values.data(), {2, k}, k + 8});
  run<1>(product);
  expect_held(c.violations());
}

TEST_CASE("cuda: an infinite activation is multiplied by its own weights, and by no padding") {
  using S = BlockScheme<NVFP4>;
  QuantTensor<S> w = random_tensor<S>({16, 128}, 15);
  std::fill(w.codes.begin(), w.codes.end(), std::uint8_t{0x22});  // ones
  for (auto& scale : w.scales) scale.bits = 0x38;                 // ones
  Case<S, Code<BF16>> c{w, normal_matrix<Code<BF16>>({1, 128}, 16)};
  c.x(0, 100) = from_float<Code<BF16>>(std::numeric_limits<float>::infinity());
  Matrix<float> partial{{2, 16}, std::nanf("")};
  auto product = c.product();
  product.splits = 2;
  product.partial = partial.values.data();
  run<1>(product);
  CHECK(is_finite(partial(0, 7)));
  CHECK(partial(1, 7) == std::numeric_limits<float>::infinity());
}

TEST_CASE("cuda: INT8 by INT8 is exact until the scales") {
  Shape const shape{19, 130};
  QuantTensor<Int8Rows> const w = random_tensor<Int8Rows>(shape, 9);
  QuantTensor<Int8Tokens> const x = random_tensor<Int8Tokens>({6, 130}, 10);
  auto const packed = *cuda::pack(w.view());
  Matrix<float> y{{6, 19}, std::nanf("")};
  cuda::Product<Int8Rows, std::int8_t, float, NoEpilogue> const product{
      cuda::tokens_of(x.view()), packed.view(), y.view(), {}};
  run<1>(product);
  int wrong = 0;
  for (index_t m = 0; m < 6; ++m) {
    for (index_t n = 0; n < 19; ++n) {
      int sum = 0;
      for (index_t k = 0; k < 130; ++k)
        sum += static_cast<int>(decode(x.view().code(m, k))) *
               static_cast<int>(decode(w.view().code(n, k)));
      float const expected = static_cast<float>(sum) * w.scales[static_cast<std::size_t>(n)] *
                             x.scales[static_cast<std::size_t>(m)];
      wrong += y(m, n) == expected ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("cuda: INT8 by INT8 under one scale for all tokens") {
  using Static8 = QuantScheme<INT8, PerTensor, Symmetric, Static<AbsMax>>;
  QuantTensor<Int8Rows> const w = random_tensor<Int8Rows>({19, 130}, 9);
  QuantTensor<Static8> const x = random_tensor<Static8>({6, 130}, 10);
  auto const packed = *cuda::pack(w.view());
  Matrix<float> y{{6, 19}, std::nanf("")};
  cuda::Product<Int8Rows, std::int8_t, float, NoEpilogue> const product{
      cuda::tokens_of(x.view()), packed.view(), y.view(), {}};
  run<1>(product);
  expect_held(like_binary64(numbers_of(x), numbers_of(w), y));
}

TEST_CASE("cuda: a weight read one tile too far is noticed") {
  using S = BlockScheme<NVFP4>;
  Case<S, Code<BF16>> c{random_tensor<S>({16, 128}, 11), normal_matrix<Code<BF16>>({2, 128}, 12)};
  auto product = c.product();
  product.w.data += cuda::PackedTile<4>::bytes;
  run<1>(product);
  expect_violated(c.violations());
}
