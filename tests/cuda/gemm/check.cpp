// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// What a product on a device refuses, whatever kernel it would take.

#include <qfmt/cuda/gemm/check.hpp>
#include <qfmt/cuda/gemm/packed_tensor.hpp>

#include <cuda/gemm/products.hpp>

using namespace qfmt;
using namespace qfmt::test;
using cuda::detail::check_operands;

namespace {

using S = BlockScheme<NVFP4>;
using T = Code<BF16>;

/// Operands that fit, to be changed one at a time.
struct Operands {
  QuantTensor<S> tensor = random_tensor<S>({32, 2048}, 1);
  cuda::PackedTensor<S> packed = *cuda::pack(tensor.view());
  Matrix<T> tokens{{4, 2048}};
  Matrix<float> outputs{{4, 32}};

  MatrixView<T const> x = std::as_const(tokens).view();
  cuda::PackedView<S> w = packed.view();
  MatrixView<float> y = outputs.view();
  Bias bias{};

  Status status() const { return check_operands(x, w, y, bias); }
};

}  // namespace

TEST_CASE("cuda: operands of a product that do not fit are refused") {
  CHECK(Operands{}.status() == Status::ok);
  auto const refused = [](auto const& change) {
    Operands operands;
    change(operands);
    return operands.status();
  };
  CHECK(refused([](Operands& o) { o.x.shape.cols = 2047; }) == Status::shape_mismatch);
  CHECK(refused([](Operands& o) { o.y.shape.cols = 31; }) == Status::shape_mismatch);
  CHECK(refused([](Operands& o) { o.y.shape.rows = 3; }) == Status::shape_mismatch);
  CHECK(refused([](Operands& o) { o.x.stride = 2047; }) == Status::stride_invalid);
  CHECK(refused([](Operands& o) { o.x.data = nullptr; }) == Status::null_pointer);
  CHECK(refused([](Operands& o) { o.y.data = nullptr; }) == Status::null_pointer);
  CHECK(refused([](Operands& o) { o.w.data = nullptr; }) == Status::null_pointer);
  CHECK(refused([](Operands& o) { o.w.data += 64; }) == Status::buffer_misaligned);
  CHECK(refused([](Operands& o) {
          o.bias = {o.outputs.values.data(), 31};
        }) == Status::shape_mismatch);
  CHECK(refused([](Operands& o) { o.w.shape.rows = -1; }) == Status::negative_size);
  CHECK(refused([](Operands& o) { o.w.shape.cols = index_t{1} << 31; }) ==
        Status::size_unsupported);
  CHECK(refused([](Operands& o) { o.w.shape.rows = index_t{1} << 31; }) ==
        Status::size_unsupported);
}

TEST_CASE("cuda: a grid's step past the last token stays an int") {
  constexpr index_t most = cuda::detail::most_tokens;
  static_assert(most + 65535 * 64 < index_t{1} << 31);
  auto const status = [](index_t tokens) {
    alignas(16) static T x[1];
    alignas(16) static float y[1];
    return cuda::detail::check_product(MatrixView<T const>{x, {tokens, 1}}, {1, 1},
                                       MatrixView<float>{y, {tokens, 1}}, NoEpilogue{});
  };
  CHECK(status(most + 1) == Status::size_unsupported);
  CHECK(status(most) != Status::size_unsupported);
}

TEST_CASE("cuda: an output that shares memory with an operand is refused") {
  Operands inside_weight;
  inside_weight.y.data =
      reinterpret_cast<float*>(const_cast<std::uint8_t*>(inside_weight.w.data) + 128);
  CHECK(inside_weight.status() == Status::buffer_aliasing);
  Operands inside_tokens;
  inside_tokens.y.data = reinterpret_cast<float*>(inside_tokens.tokens.values.data() + 16);
  CHECK(inside_tokens.status() == Status::buffer_aliasing);
  Operands as_quantized;
  as_quantized.y.data = reinterpret_cast<float*>(as_quantized.tensor.codes.data());
  CHECK(check_operands(as_quantized.x, as_quantized.tensor.view(), as_quantized.y, Bias{}) ==
        Status::buffer_aliasing);
}

TEST_CASE("cuda: nothing by nothing needs no memory") {
  MatrixView<T const> const x{nullptr, {0, 2048}};
  MatrixView<float> const y{nullptr, {0, 0}};
  cuda::PackedView<S> const w{{0, 2048}, nullptr, {}};
  CHECK(check_operands(x, w, y, NoEpilogue{}) == Status::ok);
}
