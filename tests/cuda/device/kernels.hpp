// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/ptx/threads.cuh>

#include <cuda/device/memory.hpp>

namespace qfmt::test {

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

}  // namespace qfmt::test
