// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The division of the work among blocks, and among experts; and what happens to a sum, in every kernel.
// The multiplication itself is tested through the kernels (skinny.cpp, mma_sm80.cpp).

#include <vector>

#include <qfmt/cuda/gemm/mma_sm80.cuh>
#include <qfmt/cuda/gemm/simt.cuh>
#include <qfmt/cuda/gemm/skinny.cuh>

#include <cuda/gemm/products.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

using P = cuda::Product<BlockScheme<NVFP4>, Code<BF16>, float, NoEpilogue>;

/// How often each token is taken by the blocks of a grid's second axis.
std::vector<int> taken(P const& product, int blocks, int tokens) {
  std::vector<int> count(static_cast<std::size_t>(product.x.shape.rows));
  for (int at = 0; at < blocks; ++at) {
    auto const task = product.task(at, blocks, tokens);
    for (int first = task.first; first < task.end; first += task.step)
      for (int m = first; m < first + tokens && m < task.end; ++m)
        ++count[static_cast<std::size_t>(m)];
  }
  return count;
}

}  // namespace

TEST_CASE("cuda: every token is taken once by each part of K, whatever the grid") {
  P product{};
  product.x.shape = {75, 64};
  for (int const splits : {1, 3}) {
    product.splits = splits;
    for (int const blocks : {1, 2, 7})
      CHECK(taken(product, splits * blocks, 16) == std::vector<int>(75, splits));
  }
}

TEST_CASE("cuda: tokens of experts are taken once, positions outside are cut off") {
  cuda::PackedView<BlockScheme<NVFP4>> const views[3] = {};
  std::int32_t const first[4] = {-5, 20, 60, 1000};
  P product{};
  product.x.shape = {75, 64};
  product.experts = {{16, 64}, views, first, 3};
  for (int const blocks : {1, 2, 5})
    CHECK(taken(product, 3 * blocks, 16) == std::vector<int>(75, 1));
}

TEST_CASE("cuda: experts multiply their own tokens, and no others") {
  using S = BlockScheme<NVFP4>;
  using T = Code<BF16>;
  constexpr int count = 4;
  // The second has none, the third has one; tokens 75 to 79 have no expert.
  std::int32_t const first[count + 1] = {0, 69, 69, 70, 75};
  Shape const shape{24, 96};
  std::vector<QuantTensor<S>> weights;
  std::vector<cuda::PackedTensor<S>> packed;
  std::vector<cuda::PackedView<S>> views;
  for (std::uint64_t e = 0; e < count; ++e) {
    weights.push_back(random_tensor<S>(shape, 20 + e));
    weights.back().global.encode_scale = 100.0f + static_cast<float>(e);
    packed.push_back(*cuda::pack(weights.back().view()));
  }
  for (auto const& p : packed) views.push_back(p.view());
  Matrix<T> const x = normal_matrix<T>({80, 96}, 30);
  Matrix<float> y{{80, 24}};
  cuda::Product<S, T, float, NoEpilogue> product{cuda::tokens_of(x.view()), {}, y.view(), {}};
  product.experts = {shape, views.data(), first, count};
  auto const check = [&](auto const& kernel) {
    std::fill(y.values.begin(), y.values.end(), -7.0f);
    emulate(kernel, kernel.grid(1));
    for (int const e : {0, 2, 3}) {
      index_t const tokens = first[e + 1] - first[e];
      Matrix<float> part_x{{tokens, 96}};
      Matrix<float> part_y{{tokens, 24}};
      for (index_t m = 0; m < tokens; ++m) {
        for (index_t k = 0; k < 96; ++k) part_x(m, k) = to_float(x(first[e] + m, k));
        for (index_t n = 0; n < 24; ++n) part_y(m, n) = y(first[e] + m, n);
      }
      expect_held(like_binary64(part_x, numbers_of(weights[static_cast<std::size_t>(e)]), part_y));
    }
    for (index_t m = 75; m < 80; ++m) CHECK(y(m, 3) == -7.0f);
  };
  check(cuda::Skinny<decltype(product), 1>{product});
  check(cuda::MmaSm80<decltype(product)>{product});
}

namespace {

using S = BlockScheme<NVFP4>;
using T = Code<BF16>;
enum class By { simt, skinny, skinny_in_parts, mma_sm80 };

/// x w^T by a kernel, rounded to Y after the epilogue.
template <Real Y, class E>
Matrix<Y> product_of(By by, Case<S, T>& c, E const& epilogue) {
  Matrix<Y> y{c.y.shape};
  cuda::Product<S, T, Y, E> product{cuda::tokens_of(std::as_const(c.x).view()), c.packed.view(),
                                    y.view(), epilogue};
  std::vector<float> partial(static_cast<std::size_t>(2 * y.shape.size()));
  switch (by) {
    case By::simt: {
      MatrixView<T const> const x = std::as_const(c.x).view();
      cuda::Simt<MatrixView<T const>, cuda::PackedView<S>, Y, E> const kernel{x, product.w,
                                                                              product.y, epilogue};
      emulate(kernel, kernel.grid());
      break;
    }
    case By::skinny_in_parts:
      product.splits = 2;
      product.partial = partial.data();
      [[fallthrough]];
    case By::skinny: {
      cuda::Skinny<decltype(product), 1> const kernel{product};
      emulate(kernel, kernel.grid(1));
      cuda::AddSplits<decltype(product)> const sum{product};
      if (by == By::skinny_in_parts)
        emulate(sum, sum.grid());
      break;
    }
    case By::mma_sm80: {
      cuda::MmaSm80<decltype(product)> const kernel{product};
      emulate(kernel, kernel.grid(1));
      break;
    }
  }
  return y;
}

template <Real Y, class E>
void check_epilogue(E const& epilogue) {
  Case<S, T> c{random_tensor<S>({21, 150}, 7), normal_matrix<T>({5, 150}, 8)};
  for (By const by : {By::simt, By::skinny, By::skinny_in_parts, By::mma_sm80}) {
    Matrix<float> const sums = product_of<float>(by, c, NoEpilogue{});
    Matrix<Y> const y = product_of<Y>(by, c, epilogue);
    int wrong = 0;
    for (index_t m = 0; m < 5; ++m) {
      for (index_t n = 0; n < 21; ++n)
        wrong += to_float(y(m, n)) == round_to<Y>(epilogue(sums(m, n), m, n)) ? 0 : 1;
    }
    INFO("kernel " << static_cast<int>(by));
    CHECK(wrong == 0);
  }
}

}  // namespace

TEST_CASE("cuda: every kernel adds, multiplies and rounds what comes after its sum") {
  std::vector<float> bias(21);
  for (std::size_t n = 0; n < bias.size(); ++n) bias[n] = static_cast<float>(n) - 9.5f;
  Matrix<T> const other = normal_matrix<T>({5, 21}, 9);
  Matrix<float> const wide = normal_matrix({5, 21}, 10);
  check_epilogue<Code<BF16>>(NoEpilogue{});
  check_epilogue<Code<FP16>>(Bias{bias.data(), 21});
  check_epilogue<float>(Residual<float>{wide.view()});
  check_epilogue<Code<BF16>>(Residual<T>{other.view()});
  check_epilogue<Code<FP16>>(SiluTimes<T>{other.view()});
  check_epilogue<float>(SiluTimes<T>{other.view()});
}

namespace {

template <class W>
void check_no_columns() {
  std::vector<float> const bias(18, 3.0f);
  Case<W, T> c{QuantTensor<W>{{18, 0}}, Matrix<T>{{35, 0}}};
  auto const product = c.product(Bias{bias.data(), 18});
  auto const all_three = [&] {
    return std::all_of(c.y.values.begin(), c.y.values.end(), [](float y) { return y == 3.0f; });
  };
  cuda::Skinny<std::remove_const_t<decltype(product)>, 4> const skinny{product};
  emulate(skinny, skinny.grid(1));
  CHECK(all_three());
  std::fill(c.y.values.begin(), c.y.values.end(), std::nanf(""));
  cuda::MmaSm80<std::remove_const_t<decltype(product)>> const mma{product};
  emulate(mma, mma.grid(1));
  CHECK(all_three());
}

}  // namespace

TEST_CASE("cuda: a product over no columns is the epilogue of zero") {
  check_no_columns<S>();
  check_no_columns<Int8Rows>();
  check_no_columns<Int4Asymmetric>();
}
