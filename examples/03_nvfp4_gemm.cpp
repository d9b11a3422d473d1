// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// NVFP4 weights under BF16 activations: quantize, then multiply without ever storing the
// dequantized weight.

#include <cmath>
#include <cstdio>
#include <vector>

#include <qfmt/exec/thread_pool.hpp>
#include <qfmt/qfmt.hpp>

using namespace qfmt;

int main() {
  constexpr index_t m = 4, n = 64, k = 256;
  Philox const random{7};
  std::vector<float> weight(n * k);
  for (std::size_t i = 0; i < weight.size(); ++i)
    weight[i] = static_cast<float>(random(i)) * 0x1p-31f - 1.0f;
  std::vector<Code<BF16>> input(m * k);
  for (std::size_t i = 0; i < input.size(); ++i)
    input[i] = encode<BF16>(static_cast<float>(random(i, 1)) * 0x1p-31f - 1.0f);

  ThreadPool threads;
  using Weights = preset::NVFP4A16::Weights;
  auto const w = quantize<Weights, float>({weight.data(), {n, k}}, threads);
  if (!w)
    return 1;

  std::vector<float> output(m * n);
  MatrixView<Code<BF16> const> const x{input.data(), {m, k}};
  Status const status =
      gemm(x, w->view(), MatrixView<float>{output.data(), {m, n}}, NoEpilogue{}, threads);
  if (status != Status::ok) {
    std::fprintf(stderr, "%s\n", name(status));
    return 1;
  }

  // Against the product with the original weight, in double.
  double signal = 0.0, noise = 0.0;
  for (index_t i = 0; i < m; ++i) {
    for (index_t j = 0; j < n; ++j) {
      double exact = 0.0;
      for (index_t t = 0; t < k; ++t)
        exact += static_cast<double>(to_float(x(i, t))) *
                 static_cast<double>(weight[static_cast<std::size_t>(j * k + t)]);
      double const error = static_cast<double>(output[static_cast<std::size_t>(i * n + j)]) - exact;
      signal += exact * exact;
      noise += error * error;
    }
  }
  double const sqnr = 10.0 * std::log10(signal / noise);
  std::printf("%.2f bits per weight, product at %.1f dB\n",
              8.0 * static_cast<double>(w->codes.size() + w->scales.size()) / (n * k), sqnr);
  return sqnr > 18.0 ? 0 : 1;
}
