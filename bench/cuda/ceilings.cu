// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// What the device allows: reading, copying, and dense products of BF16 and FP8 by cuBLASLt. The other
// benchmarks are shares of these.

#include <cuda/blas.hpp>

int main() {
  using namespace qfmt::bench;
  require_device();
  for (qfmt::index_t const mib : {16, 64, 256, 1024}) {
    read_rate(mib << 20, "ceilings");
    copy_rate(mib << 20, "ceilings");
  }
  for (qfmt::index_t const size : {4096, 8192}) {
    auto* const y = device_memory<std::uint16_t>(size * size);
    double const flop =
        2.0 * static_cast<double>(size) * static_cast<double>(size) * static_cast<double>(size);
    for (bool const fp8 : {false, true}) {
      auto const numbers = fp8 ? Fill::fp8 : Fill::bf16;
      auto* const x = device_memory<std::uint8_t>(2 * size * size, numbers);
      auto* const w = device_memory<std::uint8_t>(2 * size * size, numbers);
      double const us = LtProduct{size, size, size, fp8}.fastest(x, w, y, 0, 1);
      if (us > 0)
        report("ceilings", fp8 ? "cuBLASLt FP8" : "cuBLASLt BF16", by(size, size), us, flop,
               "TFLOP/s");
      cudaFree(x);
      cudaFree(w);
    }
    cudaFree(y);
  }
}
