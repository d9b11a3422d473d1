// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Products of binary32 activations with dense, quantized and prepacked weights, by backend.
//
//     bench_gemm --benchmark_filter='A8/NVFP4' --benchmark_repetitions=7
//                --benchmark_report_aggregates_only=true
//
// Time is that of the thread, or of the clock where there are several. Counters: FLOP/s, two for
// each multiplication; bytes/s of the weight as it is stored, scales included; and for prepacked
// weights, against ceilings measured in the same moment: of_read, bytes of weights against a plain
// read of the same memory; of_VNNI, multiplications of 8-bit digits against the peak of that
// instruction; of_BF16 and of_FMA, those of floats. "cold" rotates through more copies of the weight than
// caches hold; "hot" is one.

#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <qfmt/core/random.hpp>
#include <qfmt/exec/thread_pool.hpp>
#include <qfmt/formats/int4.hpp>
#include <qfmt/gemm/bf16_weights.hpp>
#include <qfmt/gemm/gemm.hpp>
#include <qfmt/gemm/reference.hpp>
#include <qfmt/tensor/quantize.hpp>

#include "ceilings.hpp"

namespace {

using namespace qfmt;
using benchmark::Counter;

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

void count_flops(benchmark::State& state, Shape x, Shape w) {
  state.counters["FLOP/s"] =
      Counter{2.0 * static_cast<double>(x.rows * w.size()), Counter::kIsIterationInvariantRate};
}

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
  count_flops(state, xs, ws);
  state.counters["weights"] =
      Counter{static_cast<double>(weight.bytes()), Counter::kIsIterationInvariantRate};
}

constexpr index_t cold_bytes = index_t{640} << 20;

// Arguments: M, N, K, threads, cold.
template <Accuracy A, Scheme S>
void prepacked(benchmark::State& state) {
  Shape const xs{state.range(0), state.range(2)};
  Shape const ws{state.range(1), state.range(2)};
  bool const alone = state.range(3) == 1;
  std::vector<float> const x = noise(xs, 1);
  std::vector<Prepacked<S>> weights{prepack(Quantized<S>{ws}.view())};
  index_t const bytes = weights[0].bytes();
  for (index_t copies = state.range(4) != 0 ? cold_bytes / bytes : 0; copies > 0; --copies)
    weights.push_back(weights[0]);
  std::vector<float> y(static_cast<std::size_t>(xs.rows * ws.rows));
  ThreadPool pool{static_cast<int>(state.range(3))};
  auto const clock = [&] {
    auto const now = std::chrono::steady_clock::now().time_since_epoch();
    return alone ? bench::thread_seconds() : std::chrono::duration<double>(now).count();
  };
  std::size_t next = 0;
  double busy = 0;
  for (auto _ : state) {
    double const start = clock();
    Status const status =
        gemm<A>(MatrixView<float const>{x.data(), xs}, weights[next].view(),
                MatrixView<float>{y.data(), {xs.rows, ws.rows}}, NoEpilogue{}, pool);
    double const seconds = clock() - start;
    state.SetIterationTime(seconds);
    busy += seconds;
    if (status != Status::ok)
      state.SkipWithError(name(status));
    next = (next + 1) % weights.size();
  }
  count_flops(state, xs, ws);
  state.counters["weights"] =
      Counter{static_cast<double>(bytes), Counter::kIsIterationInvariantRate};
  state.SetLabel(backend_for<A>(weights[0].view()));

  double const each = busy / static_cast<double>(state.iterations());
  std::string_view const backend = backend_for<A>(weights[0].view());
  bool const bf16 = backend == "avx512_bf16";
  bool const floats = bf16 || has_float_weights<S>;
  int const slices = floats ? 1 : slices_of(A);
  double const digits = 2.0 * static_cast<double>(xs.rows * ws.size() * slices);
  double const start = bench::thread_seconds();
  index_t const reads = (std::max<index_t>)(static_cast<index_t>(weights.size()), 40);
  for (index_t i = 0; i < reads; ++i) {
    benchmark::DoNotOptimize(bench::read_lines(
        weights[static_cast<std::size_t>(i) % weights.size()].view().data, bytes));
  }
  double const read = static_cast<double>(bytes * reads) / (bench::thread_seconds() - start);
  double const cores = static_cast<double>(state.range(3));
  state.counters["of_read"] = static_cast<double>(bytes) / each / read / cores;
  double const peak = bf16 ? bench::bf16_peak() : floats ? bench::fma_peak() : bench::vnni_peak();
  if (peak > 0)
    state.counters[bf16 ? "of_BF16" : floats ? "of_FMA" : "of_VNNI"] = digits / each / peak / cores;
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

template <Accuracy A, Scheme S>
void add_prepacked(std::string const& format) {
  auto* const made =
      benchmark::RegisterBenchmark((std::string{name(A)} + "/" + format).c_str(), prepacked<A, S>);
  for (int const threads : {1, 2}) {
    made->Args({1, 4096, 4096, threads, 1})->Args({8, 4096, 4096, threads, 1});
    made->Args({1, 1024, 4096, threads, 0})->Args({8, 4096, 4096, threads, 0});
    made->Args({128, 4096, 4096, threads, 0})->Args({512, 4096, 4096, threads, 0});
  }
  made->ArgNames({"M", "N", "K", "threads", "cold"})
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

template <Scheme S>
void add_prepacked(std::string const& format) {
  add_prepacked<Accuracy::A8, S>(format);
  add_prepacked<Accuracy::A8Block, S>(format);
  if constexpr (has_bf16_weights<S>)
    add_prepacked<Accuracy::BF16, S>(format);
  add_prepacked<Accuracy::A16, S>(format);
  add_prepacked<Accuracy::F32, S>(format);
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
  add_prepacked<BlockScheme<NVFP4>>("NVFP4");
  add_prepacked<BlockScheme<MXFP4>>("MXFP4");
  add_prepacked<QuantScheme<INT4, PerGroup<32>, SymmetricScale<Code<BF16>>>>("INT4_group32");
  add_prepacked<QuantScheme<INT4, PerGroup<128>>>("INT4_group128");
  add_prepacked<QuantScheme<INT8, PerChannel>>("INT8_channel");
  // In binary32, one kernel for all accuracies.
  add_prepacked<Accuracy::BF16, QuantScheme<E4M3, PerChannel>>("FP8_channel");
  add_prepacked<Accuracy::F32, QuantScheme<E4M3, PerChannel>>("FP8_channel");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 1;
  benchmark::RunSpecifiedBenchmarks();
}
