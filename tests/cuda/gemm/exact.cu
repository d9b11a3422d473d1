// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cuda/device/memory.hpp>
#include <cuda/gemm/exact.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// Kernels run by the device, with arrays in its memory.
struct OnDevice {
  template <class V>
  using Array = DeviceArray<V>;
  template <class Kernel>
  static void run(Kernel const& kernel, cuda::Grid grid) {
    Status const status = cuda::launch(kernel, grid, Kernel::max_threads, nullptr);
    REQUIRE(name(status) == name(Status::ok));
    REQUIRE(finished());
  }
};

}  // namespace

TEST_CASE("cuda: a device multiplies integers exactly, with every kernel and weight format") {
  if (!has_device("integers"))
    return;
  for (Shape const shape : {Shape{37, 333}, Shape{144, 1999}, Shape{128, 2048}}) {
    for (index_t const tokens : {21, 67}) {
      CAPTURE(shape.cols);
      CAPTURE(tokens);
      check_exact_4_bits<OnDevice>(shape, tokens);
      check_exact_8_bits<OnDevice>(shape, tokens);
    }
  }
}

TEST_CASE(
    "cuda: a device gives a kernel more than 48 KB of shared memory, or says that it cannot") {
  if (!has_device("shared memory"))
    return;
  using S = QuantScheme<E4M3, PerBlock<128, 128>>;
  using T = Code<BF16>;
  using P = cuda::Product<S, T, float, NoEpilogue>;
  QuantTensor<S> const w = integer_tensor<S>({144, 1999}, 1);
  Matrix<T> const x = integer_matrix<T>({67, 1999}, 2);
  auto const packed = *cuda::pack(w.view());
  DeviceArray<std::uint8_t> const weight{
      std::vector<std::uint8_t>(packed.data(), packed.data() + packed.bytes())};
  DeviceArray<T> const tokens{x.values};
  Matrix<float> y{{67, 144}, std::nanf("")};
  DeviceArray<float> const output{y.values};
  P const product{cuda::tokens_of(MatrixView<T const>{tokens.data(), x.shape}),
                  packed.view_at(weight.data()),
                  {output.data(), y.shape},
                  {}};
  cuda::MmaSm80<P, 4> const kernel{product};
  OnDevice::run(kernel, kernel.grid(2));
  y.values = output.get();
  CHECK(different(y, integer_product(widened(x), numbers_of(w))) == 0);
  cuda::MmaSm80<P, 16> const too_large{product};  // 272 KB
  CHECK(cuda::launch(too_large, too_large.grid(2), too_large.max_threads, nullptr) ==
        Status::device_error);
  CHECK(cudaPeekAtLastError() == cudaSuccess);  // the status has said it
}
