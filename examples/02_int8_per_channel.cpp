// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A weight matrix to INT8 with one scale for each output channel: static, since the values are all
// there.

#include <cstdio>
#include <vector>

#include <qfmt/qfmt.hpp>

using namespace qfmt;

int main() {
  constexpr Shape shape{4, 6};  // (out, in)
  std::vector<float> weight(static_cast<std::size_t>(shape.size()));
  Philox const random{42};
  for (std::size_t i = 0; i < weight.size(); ++i)
    weight[i] = static_cast<float>(random(i)) * 0x1p-31f - 1.0f;

  using Scheme = QuantScheme<INT8, PerChannel>;  // Static<AbsMax> is the default timing
  auto const quantized = quantize<Scheme, float>({weight.data(), shape});
  if (!quantized) {
    std::fprintf(stderr, "%s\n", quantized.error().to_string().c_str());
    return 1;
  }

  auto const view = quantized->view();
  for (index_t row = 0; row < shape.rows; ++row) {
    std::printf("scale %.6f  codes", static_cast<double>(view.scale(row, 0)));
    for (index_t col = 0; col < shape.cols; ++col)
      std::printf(" %4d", INT8::to_int(view.code(row, col).bits));
    std::printf("\n");
  }
  ErrorMetrics const error = error_metrics<Scheme, float>({weight.data(), shape}, view);
  std::printf("SQNR %.1f dB\n", error.sqnr_db());
  return error.sqnr_db() > 35.0 ? 0 : 1;
}
