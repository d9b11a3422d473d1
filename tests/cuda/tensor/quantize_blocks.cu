// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The lane function that the kernel runs, over a whole matrix on the host: odd shapes, every scale
// layout, every type of source. On a device, the kernel itself.

#include <cstdio>
#include <doctest/doctest.h>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/cuda/tensor/quantize_blocks.cuh>
#include <qfmt/tensor/quantize.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class B, class L>
struct Buffers {
  using Stored = typename B::Policy::Stored;
  static constexpr std::uint8_t unwritten = 0xA5;

  explicit Buffers(Shape matrix)
      : row_bytes{round_up(packed_bytes<typename B::Element>(round_up(matrix.cols, B::block_size)),
                           4)},
        scale_shape{matrix.rows, ceil_div(matrix.cols, B::block_size)},
        codes(static_cast<std::size_t>(matrix.rows * row_bytes), unwritten),
        scales(static_cast<std::size_t>(L::size(scale_shape)), Stored{unwritten}) {}

  index_t row_bytes;
  Shape scale_shape;
  std::vector<std::uint8_t> codes;
  std::vector<Stored> scales;

  cuda::QuantizedRows<B, L> view() { return {codes.data(), row_bytes, scales.data()}; }

  template <class T>
  int differences(MatrixView<T const> x, typename B::Policy::Global global) const {
    using S = BlockScheme<B>;
    auto const expected = quantize_with<S, T>(x, global);
    REQUIRE(expected);
    std::vector<Stored> layout(scales.size());
    rearrange<RowMajor, L>(expected->scales.data(), scale_shape, layout.data());
    int wrong = layout == scales ? 0 : 1;
    for (index_t r = 0; r < x.shape.rows; ++r) {
      for (index_t i = 0; i < expected->row_bytes; ++i)
        wrong += codes[static_cast<std::size_t>(r * row_bytes + i)] ==
                         expected->codes[static_cast<std::size_t>(r * expected->row_bytes + i)]
                     ? 0
                     : 1;
    }
    return wrong;
  }
};

template <class B, class L, class T>
void check(Shape shape) {
  auto const matrix = normal_matrix<T>(shape, 7);
  auto const global = fit_global<BlockScheme<B>, T>(matrix.view());
  Buffers<B, L> out{shape};
  Shape const padded = L::padded(out.scale_shape);
  for (index_t row = 0; row < padded.rows; ++row) {
    for (index_t block = 0; block < padded.cols; ++block)
      cuda::detail::quantize_lane<B, L, cuda::OneLane, profile::Qfmt, T,
                                  static_cast<int>(B::block_size)>(matrix.view(), out.view(),
                                                                   global, row, block, 0);
  }
  INFO(B::name << ", " << L::name << ", " << shape.rows << " x " << shape.cols);
  CHECK(out.differences(matrix.view(), global) == 0);
}

template <class B, class L>
void check_shapes() {
  check<B, L, float>({3, 64});
  check<B, L, Code<BF16>>({5, 65});
  check<B, L, Code<FP16>>({1, 1});
  check<B, L, Code<BF16>>({130, 176});
}

template <class T>
T* to_device(std::vector<T> const& from) {
  T* to = nullptr;
  REQUIRE(cudaMalloc(&to, from.size() * sizeof(T)) == cudaSuccess);
  REQUIRE(cudaMemcpy(to, from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice) ==
          cudaSuccess);
  return to;
}
template <class T>
void from_device(T* from, std::vector<T>& to) {
  REQUIRE(cudaMemcpy(to.data(), from, to.size() * sizeof(T), cudaMemcpyDeviceToHost) ==
          cudaSuccess);
  cudaFree(from);
}

template <class B, class L, class T>
void check_kernel(Shape shape) {
  auto const matrix = normal_matrix<T>(shape, 8);
  auto const global = fit_global<BlockScheme<B>, T>(matrix.view());
  Buffers<B, L> out{shape};
  T* const x = to_device(matrix.values);
  cuda::QuantizedRows<B, L> const there{to_device(out.codes), out.row_bytes, to_device(out.scales)};
  REQUIRE(cuda::quantize_blocks<B, L>(MatrixView<T const>{x, shape}, there, global, nullptr) ==
          Status::ok);
  REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
  from_device(there.codes, out.codes);
  from_device(there.scales, out.scales);
  cudaFree(x);
  INFO(B::name << ", " << L::name << ", " << shape.rows << " x " << shape.cols);
  CHECK(out.differences(matrix.view(), global) == 0);
}

}  // namespace

TEST_CASE("cuda: rows of blocks, in every layout, are quantize() and rearrange()") {
  check_shapes<NVFP4, RowMajor>();
  check_shapes<NVFP4, Swizzled128x4>();
  check_shapes<NVFP4, Swizzled8x4>();
  check_shapes<MXFP4, Swizzled128x4>();
  check_shapes<MXFP8_E4M3, ColumnMajorWords>();
  check_shapes<MXFP6_E2M3, RowMajor>();
}

TEST_CASE("cuda: a forgotten padding is noticed") {
  Shape const shape{3, 64};
  auto const matrix = normal_matrix<float>(shape, 7);
  Buffers<MXFP4, Swizzled128x4> out{shape};
  for (index_t row = 0; row < 3; ++row) {
    for (index_t block = 0; block < 2; ++block)
      cuda::detail::quantize_lane<MXFP4, Swizzled128x4, cuda::OneLane, profile::Qfmt, float, 32>(
          matrix.view(), out.view(), {}, row, block, 0);
  }
  CHECK(out.differences(matrix.view(), {}) != 0);
}

TEST_CASE("cuda: quantize_blocks refuses what does not fit") {
  float number = 1.0f;
  std::uint32_t word = 0;
  auto* const codes = reinterpret_cast<std::uint8_t*>(&word);
  Code<E8M0> scale;
  auto const status = [&](MatrixView<float const> x, cuda::QuantizedRows<MXFP4> out) {
    return cuda::quantize_blocks<MXFP4>(x, out, {}, nullptr);
  };
  CHECK(status({&number, {-1, 32}}, {codes, 16, &scale}) == Status::negative_size);
  CHECK(status({&number, {1, 32}, 31}, {codes, 16, &scale}) == Status::stride_invalid);
  CHECK(status({&number, {1, 33}}, {codes, 16, &scale}) == Status::stride_invalid);
  CHECK(status({&number, {1, 32}}, {codes, 18, &scale}) == Status::stride_invalid);
  CHECK(status({&number, {1, 32}}, {nullptr, 16, &scale}) == Status::null_pointer);
  CHECK(status({&number, {1, 32}}, {codes + 1, 16, &scale}) == Status::buffer_misaligned);
  CHECK(status({nullptr, {0, 32}}, {nullptr, 16, nullptr}) == Status::ok);
}

TEST_CASE("cuda: quantize_blocks on a device") {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) {
    std::puts("SKIP: no CUDA device; quantize_blocks was compiled, not run");
    return;
  }
  for (Shape const shape :
       {Shape{1, 1}, Shape{3, 64}, Shape{5, 65}, Shape{130, 176}, Shape{257, 4096}}) {
    check_kernel<NVFP4, RowMajor, Code<BF16>>(shape);
    check_kernel<NVFP4, Swizzled128x4, float>(shape);
    check_kernel<MXFP4, Swizzled8x4, Code<FP16>>(shape);
    check_kernel<MXFP8_E4M3, ColumnMajorWords, Code<BF16>>(shape);
  }
}
