// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/quant_tensor.hpp>

using namespace qfmt;

namespace {

struct Sizes {
  index_t row_bytes;
  std::size_t codes;
  Shape scale_shape;
  std::size_t zero_points;
};

template <class S>
void check_sizes(Shape shape, Sizes expected) {
  QuantTensor<S> const tensor{shape};
  CHECK(tensor.shape == shape);
  CHECK(tensor.row_bytes == expected.row_bytes);
  CHECK(tensor.codes.size() == expected.codes);
  CHECK(tensor.scale_shape == expected.scale_shape);
  CHECK(tensor.scales.size() == static_cast<std::size_t>(expected.scale_shape.size()));
  CHECK(tensor.zero_points.size() == expected.zero_points);
  for (auto const byte : tensor.codes) CHECK(byte == 0);
}

}  // namespace

TEST_CASE("sizes: rows are padded to whole tiles and whole bytes") {
  check_sizes<QuantScheme<INT8, PerChannel>>({3, 7}, {7, 21, {3, 1}, 0});
  check_sizes<QuantScheme<INT4, PerChannel>>({3, 7}, {4, 12, {3, 1}, 0});
  check_sizes<QuantScheme<INT4, PerGroup<32>, Asymmetric, Static<MinMax>>>({2, 33},
                                                                           {32, 64, {2, 2}, 4});
  check_sizes<BlockScheme<NVFP4>>({2, 40}, {24, 48, {2, 3}, 0});
  check_sizes<QuantScheme<E2M3, PerGroup<32>>>({1, 1}, {24, 24, {1, 1}, 0});
  check_sizes<QuantScheme<E4M3, PerBlock<128, 128>>>({130, 100}, {128, 16640, {2, 1}, 0});
  check_sizes<QuantScheme<E4M3, PerTensor>>({5, 9}, {9, 45, {1, 1}, 0});
  check_sizes<QuantScheme<INT8, PerChannel>>({0, 0}, {0, 0, {0, 0}, 0});
}

TEST_CASE("a tensor is a plain value") {
  using S = BlockScheme<NVFP4>;
  QuantTensor<S> a{Shape{2, 32}};
  QuantTensor<S> b = a;
  CHECK(a == b);
  b.codes[3] = 0x10;
  CHECK_FALSE(a == b);
  b = a;
  b.scales[1] = {0x38};
  CHECK_FALSE(a == b);
  b = a;
  b.global.encode_scale = 2.0f;
  CHECK_FALSE(a == b);
  b = a;
  CHECK(a == b);
  CHECK_FALSE(a == QuantTensor<S>{Shape{2, 16}});
  CHECK(QuantTensor<S>{}.codes.empty());
}

TEST_CASE("a view of a tensor points into it") {
  using Asym = QuantScheme<UINT8, PerChannel, Asymmetric, Static<MinMax>>;
  QuantTensor<Asym> tensor{Shape{2, 3}};
  tensor.codes = {1, 2, 3, 4, 5, 6};
  tensor.scales = {0.5f, 2.0f};
  tensor.zero_points = {1, 4};
  auto const view = tensor.view();
  CHECK(view.codes == tensor.codes.data());
  CHECK(view(0, 2) == 1.0f);
  CHECK(view(1, 0) == 0.0f);
  CHECK(view(1, 2) == 4.0f);
  QuantTensor<QuantScheme<INT8, PerChannel>> const symmetric{Shape{1, 1}};
  CHECK(symmetric.view().zero_points == nullptr);
}
