// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The grouped form through the door, where nothing is to be rounded: it gives the product of integers
// and the bits of the single products, whichever kernels these take.

#include <memory>

#include <qfmt/cuda/gemm/gemm.cuh>

#include <cuda/device/memory.hpp>
#include <cuda/gemm/exact.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

using S = BlockScheme<NVFP4>;
using T = Code<BF16>;

/// x w^T of operands on the device, by itself.
Matrix<float> single_product(MatrixView<T const> x, cuda::PackedView<S> const& w,
                             cuda::Device device) {
  Matrix<float> y{{x.shape.rows, w.shape.rows}, std::nanf("")};
  DeviceArray<float> const output{y.values};
  index_t const bytes = cuda::workspace_bytes(x, w, device);
  DeviceArray<float> const room{std::vector<float>(static_cast<std::size_t>(bytes / 4))};
  Status const status = cuda::gemm(x, w, MatrixView<float>{output.data(), y.shape}, NoEpilogue{},
                                   nullptr, {room.data(), bytes}, device);
  CHECK(name(status) == name(Status::ok));
  REQUIRE(finished());
  y.values = output.get();
  return y;
}

Matrix<float> rows_of(Matrix<float> const& all, index_t first, index_t end) {
  auto const at = [&](index_t row) {
    return all.values.begin() + static_cast<std::ptrdiff_t>(row * all.shape.cols);
  };
  Matrix<float> out{{end - first, all.shape.cols}};
  std::copy(at(first), at(end), out.values.begin());
  return out;
}

/// Experts with `many` tokens, none, one and seven; the last three tokens have no expert.
void check_experts(int many) {
  CAPTURE(many);
  constexpr int count = 4;
  constexpr Shape shape{150, 1999};
  std::vector<std::int32_t> const first{0, many, many, many + 1, many + 8};
  auto const x = integer_matrix<T>({many + 11, shape.cols}, 1);
  DeviceArray<T> const tokens{x.values};
  std::vector<Matrix<float>> numbers;
  std::vector<std::unique_ptr<DeviceArray<std::uint8_t>>> memory;
  std::vector<cuda::PackedView<S>> views;
  for (int e = 0; e < count; ++e) {
    QuantTensor<S> w = integer_tensor<S>(shape, 10 + static_cast<std::uint64_t>(e));
    w.global.encode_scale = std::ldexp(1.0f, e);
    numbers.push_back(numbers_of(w));
    auto const packed = *cuda::pack(w.view());
    memory.push_back(std::make_unique<DeviceArray<std::uint8_t>>(
        std::vector<std::uint8_t>(packed.data(), packed.data() + packed.bytes())));
    views.push_back(packed.view_at(memory.back()->data()));
  }
  DeviceArray<cuda::PackedView<S>> const weights{views};
  DeviceArray<std::int32_t> const starts{first};
  Matrix<float> y{{x.shape.rows, shape.rows}, std::nanf("")};
  DeviceArray<float> const output{y.values};
  cuda::Device device;
  REQUIRE(cuda::current_device(device) == Status::ok);
  Status const status =
      cuda::gemm(MatrixView<T const>{tokens.data(), x.shape},
                 cuda::Experts<S>{shape, weights.data(), starts.data(), count},
                 MatrixView<float>{output.data(), y.shape}, NoEpilogue{}, nullptr, device);
  CHECK(name(status) == name(Status::ok));
  REQUIRE(finished());
  y.values = output.get();

  for (std::size_t e = 0; e < count; ++e) {
    CAPTURE(e);
    index_t const begin = first[e];
    index_t const end = first[e + 1];
    if (begin == end)
      continue;
    Matrix<float> const mine = rows_of(y, begin, end);
    CHECK(different(mine, integer_product(rows_of(widened(x), begin, end), numbers[e])) == 0);
    MatrixView<T const> const part{tokens.data() + begin * shape.cols, {end - begin, shape.cols}};
    CHECK(different(mine, single_product(part, views[e], device)) == 0);
  }
  for (index_t m = first[count]; m < x.shape.rows; ++m)
    for (index_t n = 0; n < shape.rows; ++n) CHECK(std::isnan(y(m, n)));
}

}  // namespace

TEST_CASE("cuda: experts on a device give the bits of the single products") {
  if (!has_device("experts"))
    return;
  // 8, 16 and 18 tokens of an expert on average are for three kernels of `skinny`, 78 for `mma_sm80`.
  for (int const many : {20, 50, 60, 300}) check_experts(many);
}
