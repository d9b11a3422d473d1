// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Products of binary32 activations with dense and quantized weights, by backend. Counters: FLOP/s,
// two for each multiplication, and bytes/s of the weight as it is stored, scales included.
//
//     bench_gemm --benchmark_filter='portable.*NVFP4'

#include <benchmark/benchmark.h>
#include <string>
#include <vector>

#include <qfmt/core/random.hpp>
#include <qfmt/exec/thread_pool.hpp>
#include <qfmt/formats/int4.hpp>
#include <qfmt/gemm/gemm.hpp>
#include <qfmt/gemm/reference.hpp>
#include <qfmt/tensor/quantize.hpp>

namespace {

using namespace qfmt;

std::vector<float> noise(Shape shape, uint64_t key) {
  Philox const random{key};
  std::vector<float> out(static_cast<std::size_t>(shape.size()));
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>(static_cast<int32_t>(random(i))) * 0x1p-31f;
  return out;
}

/// A weight that stays dense.
template <Real T>
struct Dense {
  std::vector<T> values;
  Shape shape;

  explicit Dense(Shape s) : shape{s} {
    for (float const x : noise(s, 2)) values.push_back(from_float<T>(x));
  }
  [[nodiscard]] MatrixView<T const> view() const { return {values.data(), shape}; }
  [[nodiscard]] std::size_t bytes() const { return values.size() * sizeof(T); }
};

template <Scheme S>
struct Quantized {
  QuantTensor<S> tensor;

  explicit Quantized(Shape s) {
    std::vector<float> const values = noise(s, 2);
    if (auto made = quantize<S>(MatrixView<float const>{values.data(), s}))
      tensor = *made;
  }
  [[nodiscard]] QuantTensorView<S> view() const { return tensor.view(); }
  [[nodiscard]] std::size_t bytes() const {
    return tensor.codes.size() + tensor.scales.size() * sizeof(typename S::Stored);
  }
};

// Arguments: M, N, K, threads.
template <class Backend, class Weight>
void product(benchmark::State& state) {
  Shape const xs{state.range(0), state.range(2)};
  Shape const ws{state.range(1), state.range(2)};
  std::vector<float> const x = noise(xs, 1);
  Weight const weight{ws};
  std::vector<float> y(static_cast<std::size_t>(xs.rows * ws.rows));
  ThreadPool pool{static_cast<int>(state.range(3))};
  for (auto _ : state) {
    Status const status =
        gemm_with(Backend{}, MatrixView<float const>{x.data(), xs}, weight.view(),
                  MatrixView<float>{y.data(), {xs.rows, ws.rows}}, NoEpilogue{}, pool);
    if (status != Status::ok)
      state.SkipWithError(name(status));
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  constexpr auto per_second = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["FLOP/s"] =
      benchmark::Counter{2.0 * static_cast<double>(xs.rows * ws.size()), per_second};
  state.counters["weights"] = benchmark::Counter{static_cast<double>(weight.bytes()), per_second,
                                                 benchmark::Counter::kIs1024};
}

template <class Weight>
void add(std::string const& name) {
  for (int const threads : {1, 2}) {
    benchmark::RegisterBenchmark(("portable/" + name).c_str(), product<PortableGemm, Weight>)
        ->Args({1, 4096, 4096, threads})
        ->Args({4, 4096, 4096, threads})
        ->Args({128, 1024, 1024, threads})
        ->ArgNames({"M", "N", "K", "threads"})
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::RegisterBenchmark(("reference/" + name).c_str(), product<ReferenceGemm, Weight>)
      ->Args({1, 4096, 4096, 1})
      ->Args({128, 1024, 1024, 1})
      ->ArgNames({"M", "N", "K", "threads"})
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
  add<Dense<float>>("binary32");
  add<Dense<Code<BF16>>>("BF16");
  add<Dense<Code<FP16>>>("FP16");
  add<Quantized<BlockScheme<NVFP4>>>("NVFP4");
  add<Quantized<BlockScheme<MXFP4>>>("MXFP4");
  add<Quantized<QuantScheme<INT4, PerGroup<128>>>>("INT4_group128");
  add<Quantized<QuantScheme<INT8, PerChannel>>>("INT8_channel");
  add<Quantized<QuantScheme<E4M3, PerChannel>>>("FP8_channel");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 1;
  benchmark::RunSpecifiedBenchmarks();
}
