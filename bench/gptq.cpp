// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// GPTQ of a square layer of K columns, and its parts: the sum of x x^T over 256 tokens, the
// factorisation alone, everything that is done once for an input (feedback), and the weight. The
// second argument is the number of threads. Where Eigen is found, its factorisation beside ours.
//
//     bench_gptq --benchmark_filter=/4096/2
//
// Counter `flops`: operations of the dense algebra alone, for each second.

#include <benchmark/benchmark.h>
#include <vector>

#include <qfmt/calibration/gptq.hpp>
#include <qfmt/core/random.hpp>
#include <qfmt/exec/thread_pool.hpp>
#include <qfmt/tensor/presets.hpp>

#if __has_include(<Eigen/Cholesky>)
#include <Eigen/Cholesky>
#endif

namespace {

using namespace qfmt;

std::vector<float> random_numbers(index_t count, uint64_t key) {
  Philox const random{key};
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(random(i)) * 0x1p-31f - 1.0f;
  return values;
}

/// As many tokens as it takes for H to have full rank.
Hessian random_hessian(index_t columns) {
  ThreadPool pool;
  auto const batch = random_numbers(columns * columns, 1);
  Hessian hessian{columns};
  (void)hessian.observe<float>(MatrixView<float const>{batch.data(), {columns, columns}}, {}, pool);
  return hessian;
}

void count(benchmark::State& state, double flops) {
  state.counters["flops"] =
      benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
}

void accumulate(benchmark::State& state) {
  index_t const columns = state.range(0);
  ThreadPool pool{static_cast<int>(state.range(1))};
  auto const batch = random_numbers(256 * columns, 1);
  Hessian hessian{columns};
  for (auto _ : state) {
    auto const status =
        hessian.observe<float>(MatrixView<float const>{batch.data(), {256, columns}}, {}, pool);
    benchmark::DoNotOptimize(status.ok());
  }
  count(state, 256.0 * static_cast<double>(columns) * static_cast<double>(columns));
}

double cubed(index_t n) {
  return static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
}

void factorize(benchmark::State& state) {
  index_t const columns = state.range(0);
  ThreadPool pool{static_cast<int>(state.range(1))};
  SymmetricTiles h = random_hessian(columns).sums();
  for (index_t i = 0; i < columns; ++i) h.lower(i, i) *= 1.01f;
  for (auto _ : state) {
    SymmetricTiles factor = h;
    bool const done = factorize_from_end(factor, pool);
    benchmark::DoNotOptimize(done);
  }
  count(state, cubed(columns) / 3.0);
}

#if __has_include(<Eigen/Cholesky>)
void factorize_eigen(benchmark::State& state) {
  index_t const columns = state.range(0);
  Hessian const hessian = random_hessian(columns);
  Eigen::MatrixXf h(columns, columns);
  for (index_t r = 0; r < columns; ++r)
    for (index_t c = 0; c < columns; ++c) h(r, c) = hessian(r, c) * (r == c ? 1.01f : 1.0f);
  for (auto _ : state) {
    Eigen::LLT<Eigen::MatrixXf> const factor{h};
    benchmark::DoNotOptimize(factor.matrixLLT().data());
  }
  count(state, cubed(columns) / 3.0);
}
#endif

template <FeedbackForm Form>
void feedback(benchmark::State& state) {
  Hessian const hessian = random_hessian(state.range(0));
  ThreadPool pool{static_cast<int>(state.range(1))};
  for (auto _ : state) {
    auto const made = ColumnFeedback::from(hessian, {}, Form, pool);
    benchmark::DoNotOptimize(made.ok());
  }
  count(state, cubed(state.range(0)) / 3.0 * (Form == FeedbackForm::direct ? 1.0 : 2.0));
}

template <class P>
void layer(benchmark::State& state) {
  using S = typename P::Weights;
  index_t const n = state.range(0);
  Hessian const hessian = random_hessian(n);
  auto const weight = random_numbers(n * n, 2);
  ThreadPool pool{static_cast<int>(state.range(1))};
  for (auto _ : state) {
    auto const result =
        gptq<S, float>(MatrixView<float const>{weight.data(), {n, n}}, hessian, {}, pool);
    benchmark::DoNotOptimize(result.ok());
  }
  count(state, cubed(n) * 4.0 / 3.0);
}

void sizes(benchmark::internal::Benchmark* b) {
  b->ArgsProduct({{1024, 4096}, {1, 2}})
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->MeasureProcessCPUTime();
}

BENCHMARK(accumulate)->Apply(sizes);
BENCHMARK(factorize)->Apply(sizes);
#if __has_include(<Eigen/Cholesky>)
BENCHMARK(factorize_eigen)->Args({1024, 1})->Args({4096, 1})->Unit(benchmark::kMillisecond);
#endif
BENCHMARK(feedback<FeedbackForm::direct>)->Apply(sizes);
BENCHMARK(feedback<FeedbackForm::inverse>)->Apply(sizes);
BENCHMARK(layer<preset::W4A16>)->Apply(sizes);
BENCHMARK(layer<preset::NVFP4A16>)->Apply(sizes);
BENCHMARK(layer<preset::FP8_DYNAMIC>)->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();
