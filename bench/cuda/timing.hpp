// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <vector>

#include <qfmt/core/random.hpp>
#include <qfmt/core/shape.hpp>
#include <qfmt/core/status.hpp>

// How kernels are timed: launches in a graph, so that the host does not count; each on other memory, so
// that caches do not; the median of many replays. And how results are printed, one a line:
//
//     table  what  shape  microseconds  rate  unit  share of the ceiling

namespace qfmt::bench {

inline void require(cudaError_t error, char const* what) {
  if (error == cudaSuccess)
    return;
  std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(error));
  std::exit(1);
}
inline void require(Status status, char const* what) {
  if (status == Status::ok)
    return;
  std::fprintf(stderr, "%s: %s\n", what, name(status));
  std::exit(1);
}

/// Ends the program with 77, which tests take for skipped, if there is no device.
inline void require_device() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess && count > 0)
    return;
  std::puts("SKIP: no CUDA device; compiled, not run");
  std::exit(77);
}

inline index_t l2_bytes() {
  int bytes = 0;
  require(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, 0), "L2 size");
  return bytes;
}

/// How many copies of so many bytes are more than three times what the L2 cache holds.
inline int rotation(index_t bytes) {
  return static_cast<int>(
      std::clamp<index_t>(ceil_div(3 * l2_bytes(), std::max<index_t>(bytes, 1)), 2, 64));
}

/// Random BF16 numbers of magnitudes from 1/32 to 1/8; or bytes that are finite in E4M3 and E5M2; or
/// any bits, for codes of which all are finite.
enum class Fill { bf16, fp8, bits };
static __global__ void fill_random(std::uint32_t* to, unsigned long long words, Fill fill) {
  Philox const random{1};
  unsigned long long const step = 1ull * gridDim.x * blockDim.x;
  for (unsigned long long i = 1ull * blockIdx.x * blockDim.x + threadIdx.x; i < words; i += step) {
    std::uint32_t const word = random(i);
    to[i] = fill == Fill::bf16  ? (word & 0x80FF80FFu) | 0x3D003D00u
            : fill == Fill::fp8 ? word & 0xF7F7F7F7u
                                : word;
  }
}
static __global__ void fill_with(std::uint32_t* to, unsigned long long words, std::uint32_t word) {
  unsigned long long const step = 1ull * gridDim.x * blockDim.x;
  for (unsigned long long i = 1ull * blockIdx.x * blockDim.x + threadIdx.x; i < words; i += step)
    to[i] = word;
}
/// Overwrites bytes, a multiple of 4, with scales of one.
template <class Stored>
void fill_with_ones(std::uint8_t* to, index_t bytes) {
  std::uint32_t one = 0x3F800000u;
  if constexpr (sizeof(Stored) == 1) {
    unsigned code = 0;
    while (decode(Stored{static_cast<std::uint8_t>(code)}) != 1.0f) ++code;
    one = code * 0x01010101u;
  } else {
    static_assert(std::is_same_v<Stored, float>);
  }
  fill_with<<<1024, 256>>>(reinterpret_cast<std::uint32_t*>(to),
                           static_cast<unsigned long long>(bytes / 4), one);
  require(cudaGetLastError(), "filling memory");
}
/// Memory on the device that holds these, until it is freed.
template <class T>
T* device_memory(index_t count, Fill fill = Fill::bf16) {
  auto const bytes = static_cast<std::size_t>(round_up(count * index_t{sizeof(T)}, 256));
  void* memory = nullptr;
  require(cudaMalloc(&memory, bytes), "memory");
  fill_random<<<1024, 256>>>(static_cast<std::uint32_t*>(memory), bytes / 4, fill);
  require(cudaDeviceSynchronize(), "filling memory");
  return static_cast<T*>(memory);
}

/// Microseconds of one `work(i, stream)`, where i counts launches: the median of 21 replays of a graph
/// of 24, fewer of both if that took more than a fifth of a second.
template <class Work>
double microseconds(Work&& work) {
  cudaStream_t stream{};
  cudaGraph_t graph{};
  cudaGraphExec_t ready{};
  cudaEvent_t start{};
  cudaEvent_t stop{};
  require(cudaStreamCreate(&stream), "stream");
  require(cudaEventCreate(&start), "event");
  require(cudaEventCreate(&stop), "event");
  float once = 0;
  for (int i = 0; i < 2; ++i) {
    require(cudaEventRecord(start, stream), "event");
    work(i, stream);
    require(cudaEventRecord(stop, stream), "event");
    require(cudaStreamSynchronize(stream), "run");
    require(cudaEventElapsedTime(&once, start, stop), "time");
  }
  int const launches = std::clamp(static_cast<int>(20.0f / std::max(once, 1e-3f)), 4, 24);
  int const replays = std::clamp(
      static_cast<int>(200.0f / std::max(once * static_cast<float>(launches), 1e-3f)), 5, 21);
  require(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "capture");
  for (int i = 0; i < launches; ++i) work(i, stream);
  require(cudaStreamEndCapture(stream, &graph), "capture");
  require(cudaGraphInstantiate(&ready, graph, 0), "graph");
  std::vector<float> times;
  for (int replay = -2; replay < replays; ++replay) {
    require(cudaEventRecord(start, stream), "event");
    require(cudaGraphLaunch(ready, stream), "launch");
    require(cudaEventRecord(stop, stream), "event");
    require(cudaStreamSynchronize(stream), "run");
    float milliseconds = 0;
    require(cudaEventElapsedTime(&milliseconds, start, stop), "time");
    if (replay >= 0)
      times.push_back(milliseconds);
  }
  std::nth_element(times.begin(), times.begin() + replays / 2, times.end());
  cudaGraphExecDestroy(ready);
  cudaGraphDestroy(graph);
  cudaEventDestroy(start);
  cudaEventDestroy(stop);
  cudaStreamDestroy(stream);
  return 1000.0 * static_cast<double>(times[static_cast<std::size_t>(replays / 2)]) / launches;
}

inline std::string by(index_t a, index_t b) {
  return std::to_string(a) + " x " + std::to_string(b);
}

/// `amount` (bytes, operations) is done in each run; `unit` names 10^9 or 10^12 of them in a second.
inline double report(char const* table, std::string const& what, std::string const& shape,
                     double us, double amount, char const* unit, double ceiling = 0) {
  double const rate = amount / us / (unit[0] == 'T' ? 1e6 : 1e3);
  std::printf("%s\t%s\t%s\t%.2f\t%.1f\t%s\t", table, what.c_str(), shape.c_str(), us, rate, unit);
  if (ceiling > 0)
    std::printf("%.1f %%\n", 100 * rate / ceiling);
  else
    std::printf("\n");
  std::fflush(stdout);
  return rate;
}

/// Copies bytes, a multiple of 16: the ceiling of whatever reads and writes.
static __global__ void copy_words(uint4 const* from, uint4* to, unsigned long long words) {
  unsigned long long const step = 1ull * gridDim.x * blockDim.x;
  for (unsigned long long i = 1ull * blockIdx.x * blockDim.x + threadIdx.x; i < words; i += step)
    to[i] = from[i];
}
/// Reads bytes: the ceiling of a product with few tokens. What it writes depends on all of them.
static __global__ void read_words(uint4 const* from, std::uint32_t* to, unsigned long long words) {
  unsigned long long const step = 4ull * gridDim.x * blockDim.x;
  std::uint32_t sum = 0;
  for (unsigned long long i = 4ull * blockIdx.x * blockDim.x + threadIdx.x; i < words; i += step) {
#pragma unroll
    for (unsigned j = 0; j < 4; ++j) {
      unsigned long long const at = i + 1ull * j * blockDim.x;
      uint4 const x = at < words ? from[at] : uint4{};
      sum ^= x.x ^ x.y ^ x.z ^ x.w;
    }
  }
  if (sum == 0x12345678u)
    *to = sum;
}

/// GB/s, read plus written, of copying so that `bytes` move in all; reported if it has a table.
inline double copy_rate(index_t bytes, char const* table = nullptr) {
  index_t const half = round_up(bytes / 2, 16);
  int const copies = rotation(2 * half);
  auto* const from = device_memory<std::uint8_t>(copies * half);
  auto* const to = device_memory<std::uint8_t>(copies * half);
  double const us = microseconds([&](int i, cudaStream_t stream) {
    index_t const at = i % copies * half;
    copy_words<<<132 * 16, 256, 0, stream>>>(reinterpret_cast<uint4 const*>(from + at),
                                             reinterpret_cast<uint4*>(to + at),
                                             static_cast<unsigned long long>(half / 16));
  });
  cudaFree(from);
  cudaFree(to);
  double const moved = 2.0 * static_cast<double>(half);
  if (table != nullptr)
    report(table, "copy", std::to_string(2 * half >> 20) + " MiB", us, moved, "GB/s");
  return moved / us / 1e3;
}
inline double read_rate(index_t bytes, char const* table = nullptr) {
  int const copies = rotation(bytes);
  auto* const from = device_memory<std::uint8_t>(copies * bytes);
  auto* const to = device_memory<std::uint32_t>(1);
  double const us = microseconds([&](int i, cudaStream_t stream) {
    read_words<<<132 * 8, 256, 0, stream>>>(
        reinterpret_cast<uint4 const*>(from + i % copies * bytes), to,
        static_cast<unsigned long long>(bytes / 16));
  });
  cudaFree(from);
  cudaFree(to);
  if (table != nullptr)
    report(table, "read", std::to_string(bytes >> 20) + " MiB", us, static_cast<double>(bytes),
           "GB/s");
  return static_cast<double>(bytes) / us / 1e3;
}

}  // namespace qfmt::bench
