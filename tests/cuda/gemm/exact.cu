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
