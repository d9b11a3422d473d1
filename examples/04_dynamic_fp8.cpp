// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// FP8 on both sides: weights static with one scale for each channel, activations dynamic with one
// scale for each token. What a layer under the preset FP8_DYNAMIC does.

#include <cstdio>
#include <vector>

#include <qfmt/qfmt.hpp>

using namespace qfmt;

int main() {
  constexpr index_t tokens = 3, n = 8, k = 32;
  Philox const random{1};
  std::vector<float> weight(n * k), input(tokens * k);
  for (std::size_t i = 0; i < weight.size(); ++i)
    weight[i] = static_cast<float>(random(i)) * 0x1p-31f - 1.0f;
  // Tokens of very different magnitude: a scale for each keeps them apart.
  for (std::size_t i = 0; i < input.size(); ++i)
    input[i] = (static_cast<float>(random(i, 1)) * 0x1p-31f - 1.0f) * (i < k ? 1000.0f : 0.001f);

  using Layer = preset::FP8_DYNAMIC;
  auto const w = quantize<Layer::Weights, float>({weight.data(), {n, k}});
  auto const x = quantize<Layer::InputActivations, float>({input.data(), {tokens, k}});
  if (!w || !x)
    return 1;

  std::vector<float> output(tokens * n);
  if (gemm(x->view(), w->view(), MatrixView<float>{output.data(), {tokens, n}}) != Status::ok)
    return 1;

  for (index_t t = 0; t < tokens; ++t) {
    std::printf("token %lld: scale %.3g, outputs", static_cast<long long>(t),
                static_cast<double>(x->view().scale(t, 0)));
    for (index_t j = 0; j < n; ++j)
      std::printf(" %.3g", static_cast<double>(output[static_cast<std::size_t>(t * n + j)]));
    std::printf("\n");
  }
  double const sqnr =
      error_metrics<Layer::InputActivations, float>({input.data(), {tokens, k}}, x->view())
          .sqnr_db();
  std::printf("activations at %.1f dB\n", sqnr);
  return sqnr > 28.0 ? 0 : 1;
}
