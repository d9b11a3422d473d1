// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Quantize and dequantize a matrix, for the schemes of the published presets. Counters: elements
// for each second, and bytes of the source.

#include <benchmark/benchmark.h>
#include <vector>

#include <qfmt/qfmt.hpp>

namespace {

using namespace qfmt;

constexpr Shape shape{256, 4096};

template <Real T>
std::vector<T> random_matrix() {
  Philox const random{1};
  std::vector<T> values(static_cast<std::size_t>(shape.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = from_float<T>(static_cast<float>(random(i)) * 0x1p-31f - 1.0f);
  }
  return values;
}

void count(benchmark::State& state, std::size_t element_bytes) {
  state.SetItemsProcessed(state.iterations() * shape.size());
  state.SetBytesProcessed(state.iterations() * shape.size() * static_cast<index_t>(element_bytes));
}

template <Scheme S, Real T>
void quantize_matrix(benchmark::State& state) {
  auto const values = random_matrix<T>();
  for (auto _ : state) {
    auto quantized = quantize<S, T>({values.data(), shape});
    benchmark::DoNotOptimize(quantized);
  }
  count(state, sizeof(T));
}

template <Scheme S>
void dequantize_matrix(benchmark::State& state) {
  auto const values = random_matrix<float>();
  auto const quantized = quantize<S, float>({values.data(), shape});
  std::vector<float> out(values.size());
  for (auto _ : state) {
    Status const status = dequantize<S, float>(quantized->view(), {out.data(), shape});
    benchmark::DoNotOptimize(status);
    benchmark::ClobberMemory();
  }
  count(state, sizeof(float));
}

using Presets = TypeList<preset::NVFP4A16, preset::MXFP4A16, preset::MXFP8A16, preset::FP8_DYNAMIC,
                         preset::W8A8, preset::W4A16>;

int const registered = [] {
  Presets::for_each([]<class P>() {
    using S = typename P::Weights;
    std::string const name = P::name;
    benchmark::RegisterBenchmark(("quantize/f32/" + name).c_str(), quantize_matrix<S, float>);
    benchmark::RegisterBenchmark(("quantize/bf16/" + name).c_str(), quantize_matrix<S, Code<BF16>>);
    benchmark::RegisterBenchmark(("dequantize/f32/" + name).c_str(), dequantize_matrix<S>);
  });
  return 0;
}();

}  // namespace

BENCHMARK_MAIN();
