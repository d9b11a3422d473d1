// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// An NVFP4 weight, packed once on the host, multiplied on the device by BF16 activations: one copy of
// the weight for one token and for many.

#include <cmath>
#include <cstdio>
#include <vector>

#include <qfmt/cuda/gemm/gemm.cuh>
#include <qfmt/cuda/gemm/packed_tensor.hpp>
#include <qfmt/qfmt.hpp>

namespace q = qfmt;
using BF16 = q::Code<q::BF16>;

template <class T>
T* on_device(T const* from, std::size_t count) {
  T* to = nullptr;
  cudaMalloc(&to, count * sizeof(T));
  cudaMemcpy(to, from, count * sizeof(T), cudaMemcpyHostToDevice);
  return to;
}

int main() {
  constexpr q::index_t n = 1000;
  constexpr q::index_t k = 2000;
  q::cuda::Device device;
  if (q::cuda::current_device(device) != q::Status::ok) {
    std::puts("SKIP: no CUDA device");
    return 0;
  }
  std::vector<float> weight(n * k);
  for (std::size_t i = 0; i < weight.size(); ++i)
    weight[i] = std::sin(0.37f * static_cast<float>(i));
  auto const w = q::quantize<q::BlockScheme<q::NVFP4>, float>({weight.data(), {n, k}});
  auto const packed = q::cuda::pack(w->view());
  auto const bytes = static_cast<std::size_t>(packed->bytes());
  auto const view = packed->view_at(on_device(packed->data(), bytes));

  for (q::index_t const tokens : {1, 100}) {
    std::vector<BF16> x(static_cast<std::size_t>(tokens * k));
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = q::from_float<BF16>(std::cos(0.11f * static_cast<float>(i)));
    std::vector<float> y(static_cast<std::size_t>(tokens * n));
    q::MatrixView<BF16 const> const xs{on_device(x.data(), x.size()), {tokens, k}};
    q::MatrixView<float> const ys{on_device(y.data(), y.size()), {tokens, n}};

    q::cuda::Workspace workspace{nullptr, q::cuda::workspace_bytes(xs, view, device)};
    cudaMalloc(&workspace.data, static_cast<std::size_t>(workspace.bytes));
    q::Status const status = q::cuda::gemm(xs, view, ys, q::NoEpilogue{}, nullptr, workspace);
    if (status != q::Status::ok || cudaDeviceSynchronize() != cudaSuccess) {
      std::printf("%s\n", name(status));
      return 1;
    }
    cudaMemcpy(y.data(), ys.data, y.size() * sizeof(float), cudaMemcpyDeviceToHost);

    double exact = 0.0;  // the last output
    double magnitude = 0.0;
    for (q::index_t c = 0; c < k; ++c) {
      double const product = static_cast<double>(w->view()(n - 1, c)) *
                             static_cast<double>(q::to_float(x[x.size() - k + c]));
      exact += product;
      magnitude += std::fabs(product);
    }
    if (std::fabs(static_cast<double>(y.back()) - exact) > (k + 4) * 0x1p-24 * magnitude)
      return 1;
    std::printf("%d tokens by %s: within the bound\n", static_cast<int>(tokens),
                name(q::cuda::backend_for(xs, view, device)));
  }
  return 0;
}
