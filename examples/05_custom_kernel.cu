// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A kernel of one's own that includes nothing but the door: y = W x for an NVFP4 weight as a
// checkpoint stores it, one warp for each row. For reading, not for speed.

#include <cmath>
#include <cstdio>
#include <vector>

#include <qfmt/cuda/dequant.cuh>
#include <qfmt/qfmt.hpp>

namespace q = qfmt;

__global__ void nvfp4_gemv(unsigned const* codes, q::Code<q::UE4M3> const* scales, float global,
                           float const* x, float* y, int cols) {
  int const row = static_cast<int>(blockIdx.x);
  float sum = 0.0f;
  for (int i = static_cast<int>(threadIdx.x); i < cols / 8; i += 32) {  // 8 codes in a word
    q::cuda::Codes<q::E2M1, 8> const word{{codes[row * (cols / 8) + i]}};
    auto const w = q::cuda::decode<float>(word);
    float dot = 0.0f;
    for (int j = 0; j < 8; ++j) dot += w[j] * x[8 * i + j];
    sum += dot * q::decode(scales[row * (cols / 16) + i / 2]);  // 16 codes under a scale
  }
  for (int lane = 16; lane > 0; lane /= 2) sum += __shfl_xor_sync(~0u, sum, lane);
  if (threadIdx.x == 0)
    y[row] = sum / global;
}

int main() {
  constexpr int rows = 64;
  constexpr int cols = 512;
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::puts("SKIP: no CUDA device");
    return 0;
  }
  std::vector<float> weight(rows * cols);
  for (std::size_t i = 0; i < weight.size(); ++i)
    weight[i] = std::sin(0.37f * static_cast<float>(i));
  auto const w = q::quantize<q::BlockScheme<q::NVFP4>, float>({weight.data(), {rows, cols}});
  if (!w)
    return 1;

  unsigned* codes = nullptr;
  q::Code<q::UE4M3>* scales = nullptr;
  float* x = nullptr;
  float* y = nullptr;
  cudaMalloc(&codes, w->codes.size());
  cudaMalloc(&scales, w->scales.size());
  cudaMalloc(&x, cols * sizeof(float));
  cudaMalloc(&y, rows * sizeof(float));
  cudaMemcpy(codes, w->codes.data(), w->codes.size(), cudaMemcpyHostToDevice);
  cudaMemcpy(scales, w->scales.data(), w->scales.size(), cudaMemcpyHostToDevice);
  std::vector<float> activations(cols);
  for (std::size_t i = 0; i < activations.size(); ++i)
    activations[i] = std::cos(0.11f * static_cast<float>(i));
  cudaMemcpy(x, activations.data(), cols * sizeof(float), cudaMemcpyHostToDevice);
  nvfp4_gemv<<<rows, 32>>>(codes, scales, w->global.encode_scale, x, y, cols);
  std::vector<float> sums(rows);
  if (cudaMemcpy(sums.data(), y, rows * sizeof(float), cudaMemcpyDeviceToHost) != cudaSuccess)
    return 1;

  for (int r = 0; r < rows; ++r) {
    double exact = 0.0;
    double magnitude = 0.0;
    for (int c = 0; c < cols; ++c) {
      double const product = static_cast<double>(w->view()(r, c)) *
                             static_cast<double>(activations[static_cast<std::size_t>(c)]);
      exact += product;
      magnitude += std::fabs(product);
    }
    double const sum = static_cast<double>(sums[static_cast<std::size_t>(r)]);
    if (std::fabs(sum - exact) > (cols + 2) * 0x1p-24 * magnitude)
      return 1;
  }
  std::printf("%d rows of %d NVFP4 weights, every sum within the bound\n", rows, cols);
  return 0;
}
