// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The door on a device: every code in every lane of a vector, and every format's encode over a
// stratified set of numbers, against the host. Skipped where there is no device.

#include <cstdio>
#include <doctest/doctest.h>
#include <vector>

#include <qfmt/core/random.hpp>
#include <qfmt/cuda/dequant.cuh>

using namespace qfmt;

namespace {

bool has_device() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}

template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t size) : size_{size} {
    REQUIRE(cudaMalloc(&data_, size * sizeof(T)) == cudaSuccess);
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(DeviceArray const&) = delete;
  DeviceArray& operator=(DeviceArray const&) = delete;
  T* data() const { return data_; }
  void put(std::vector<T> const& from) {
    REQUIRE(cudaMemcpy(data_, from.data(), size_ * sizeof(T), cudaMemcpyHostToDevice) ==
            cudaSuccess);
  }
  std::vector<T> get() const {
    std::vector<T> to(size_);
    REQUIRE(cudaMemcpy(to.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost) == cudaSuccess);
    return to;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_;
};

template <class F, class T, int N>
__global__ void decode_all(cuda::Codes<F, N> const* codes, cuda::Values<T, N>* values, int count) {
  int const i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count)
    values[i] = cuda::decode<T>(codes[i]);
}

template <class F, int N>
__global__ void encode_all(cuda::Values<float, N> const* values, cuda::Codes<F, N>* codes,
                           int count) {
  int const i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count)
    codes[i] = cuda::encode<F>(values[i]);
}

constexpr int vectors = 1 << 16;

template <class F, class T, int N>
void check_decode() {
  Philox const random{3};
  std::vector<cuda::Codes<F, N>> codes(vectors);
  for (std::size_t v = 0; v < codes.size(); ++v) {
    for (int i = 0; i < N; ++i)
      codes[v].set(i, {static_cast<typename F::storage_type>(
                          random(v * N + static_cast<std::size_t>(i)) & ((1u << F::bits) - 1))});
  }
  DeviceArray<cuda::Codes<F, N>> in{vectors};
  DeviceArray<cuda::Values<T, N>> out{vectors};
  in.put(codes);
  decode_all<F, T, N><<<vectors / 256, 256>>>(in.data(), out.data(), vectors);
  REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
  auto const values = out.get();
  int wrong = 0;
  for (std::size_t v = 0; v < codes.size(); ++v) {
    for (int i = 0; i < N; ++i) {
      float const expected = round_to<T>(decode(codes[v][i]));
      float const got = values[v][i];
      bool const same = is_nan(expected)
                            ? is_nan(got)
                            : bit_cast<std::uint32_t>(got) == bit_cast<std::uint32_t>(expected);
      wrong += same ? 0 : 1;
    }
  }
  INFO(F::name);
  CHECK(wrong == 0);
}

template <class F, int N>
void check_encode() {
  Philox const random{4};
  std::vector<cuda::Values<float, N>> values(vectors);
  for (std::size_t v = 0; v < values.size(); ++v) {
    for (int i = 0; i < N; ++i)
      values[v].set(i, bit_cast<float>(random(v * N + static_cast<std::size_t>(i))));
  }
  DeviceArray<cuda::Values<float, N>> in{vectors};
  DeviceArray<cuda::Codes<F, N>> out{vectors};
  in.put(values);
  encode_all<F, N><<<vectors / 256, 256>>>(in.data(), out.data(), vectors);
  REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
  auto const codes = out.get();
  int wrong = 0;
  for (std::size_t v = 0; v < values.size(); ++v) {
    for (int i = 0; i < N; ++i) wrong += codes[v][i] == encode<F>(values[v][i]) ? 0 : 1;
  }
  INFO(F::name);
  CHECK(wrong == 0);
}

struct Decode {
  template <class F>
  void operator()() const {
    check_decode<F, Code<BF16>, 8>();
    check_decode<F, Code<FP16>, 8>();
    check_decode<F, float, 8>();
  }
};

struct Encode {
  template <class F>
  void operator()() const {
    check_encode<F, 8>();
  }
};

}  // namespace

TEST_CASE("cuda: the door on a device") {
  if (!has_device()) {
    std::puts("SKIP: no CUDA device; codecs were compiled and run on the host, not on a device");
    return;
  }
  TypeList<E2M1, E4M3, E5M2, INT4, UINT4, INT8, UINT8, E2M3, NF4, E8M0>::for_each(Decode{});
  TypeList<E2M1, E4M3, E5M2, E2M3, E3M2, INT8, INT4>::for_each(Encode{});
}
