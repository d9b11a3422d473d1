// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <doctest/doctest.h>
#include <vector>

namespace qfmt::test {

/// Whether there is a device; says on standard output what is skipped where there is none.
inline bool has_device(char const* what) {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess && count > 0)
    return true;
  std::printf("SKIP: no CUDA device; %s: compiled, not run\n", what);
  return false;
}

/// Waits for the device; false if something went wrong there.
inline bool finished() {
  return cudaDeviceSynchronize() == cudaSuccess && cudaGetLastError() == cudaSuccess;
}

/// An array on the device.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(std::vector<T> const& from) : size_{from.size()} {
    REQUIRE(cudaMalloc(&data_, (size_ + 1) * sizeof(T)) == cudaSuccess);
    REQUIRE(cudaMemcpy(data_, from.data(), size_ * sizeof(T), cudaMemcpyHostToDevice) ==
            cudaSuccess);
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(DeviceArray const&) = delete;
  DeviceArray& operator=(DeviceArray const&) = delete;

  [[nodiscard]] T* data() const { return data_; }
  [[nodiscard]] std::vector<T> get() const {
    std::vector<T> to(size_);
    REQUIRE(cudaMemcpy(to.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost) == cudaSuccess);
    return to;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_;
};

}  // namespace qfmt::test
