// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Encode, decode, quantize and dequantize, by instruction set, in two sizes: one that stays in a
// second-level cache, and one that comes from memory. Beside time each prints
//
//     items_per_second   elements
//     bytes_per_second   bytes read and written: the values, and the codes with their scales
//     of_copy            bytes_per_second, over that of memcpy of the same values right after it
//
// and the ceilings/ benches of the same process are what the machine allows: reading, copying,
// writing, and writing past the caches. All on one thread. Results go to memory that is there.
//
//     bench_quantize --benchmark_enable_random_interleaving=true --benchmark_repetitions=7

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstring>
#include <string>
#include <vector>

#include <qfmt/core/random.hpp>
#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/convert.hpp>
#include <qfmt/tensor/dequantize.hpp>
#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/quantize.hpp>

#include "ceilings.hpp"

namespace {

using namespace qfmt;

struct Size {
  char const* name;
  Shape shape;
};
constexpr Size sizes[] = {{"L2", {8, 4096}}, {"memory", {8192, 4096}}};

template <Real T>
std::vector<T> random_values(Shape shape) {
  Philox const random{1};
  std::vector<T> values(static_cast<std::size_t>(shape.size()));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = from_float<T>(static_cast<float>(random(i)) * 0x1p-31f - 1.0f);
  return values;
}

/// Bytes read and written per second of memcpy.
double copy_rate(Shape shape) {
  static std::vector<float> from(static_cast<std::size_t>(sizes[1].shape.size()), 1.0f);
  static std::vector<float> to(from.size());
  std::size_t const bytes = static_cast<std::size_t>(shape.size()) * sizeof(float);
  std::memcpy(to.data(), from.data(), bytes);
  double copied = 0.0;
  double seconds = 0.0;
  for (double const start = bench::thread_seconds(); seconds < 0.005;
       seconds = bench::thread_seconds() - start) {
    std::memcpy(to.data(), from.data(), bytes);
    benchmark::ClobberMemory();
    copied += 2.0 * static_cast<double>(bytes);
  }
  return copied / seconds;
}

void count(benchmark::State& state, Shape shape, index_t bytes) {
  state.SetItemsProcessed(state.iterations() * shape.size());
  state.SetBytesProcessed(state.iterations() * bytes);
  state.counters["of_copy"] =
      benchmark::Counter(static_cast<double>(state.iterations() * bytes) / copy_rate(shape),
                         benchmark::Counter::kIsRate);
}

template <ElementFormat F>
void encode_all(benchmark::State& state, Shape shape, Isa isa) {
  auto const values = random_values<float>(shape);
  std::vector<Code<F>> codes(values.size());
  for (auto _ : state) {
    encode_values(values.data(), shape.size(), codes.data(), isa);
    benchmark::ClobberMemory();
  }
  count(state, shape, 5 * shape.size());
}

template <ElementFormat F>
void decode_all(benchmark::State& state, Shape shape, Isa isa) {
  std::vector<Code<F>> codes(static_cast<std::size_t>(shape.size()));
  std::vector<float> values(codes.size());
  encode_values(random_values<float>(shape).data(), shape.size(), codes.data(), isa);
  for (auto _ : state) {
    decode_codes(codes.data(), shape.size(), values.data(), isa);
    benchmark::ClobberMemory();
  }
  count(state, shape, 5 * shape.size());
}

template <Scheme S>
index_t bytes_of(QuantTensor<S> const& tensor) {
  return static_cast<index_t>(tensor.codes.size() +
                              tensor.scales.size() * sizeof(typename S::Stored));
}

/// With the tensor's part given, as for activations: one pass over the values.
template <Scheme S, Real T>
void quantize_matrix(benchmark::State& state, Shape shape, Isa isa) {
  auto const values = random_values<T>(shape);
  MatrixView<T const> const matrix{values.data(), shape};
  auto const global = fit_global<S, T>(matrix);
  QuantTensor<S> out{shape};
  for (auto _ : state) {
    bool const done = quantize_into<S, T>(matrix, global, out, Serial{}, {}, isa).ok();
    benchmark::DoNotOptimize(done);
    benchmark::ClobberMemory();
  }
  count(state, shape, shape.size() * index_t{sizeof(T)} + bytes_of(out));
}

template <Scheme S, Real T>
void dequantize_matrix(benchmark::State& state, Shape shape, Isa isa) {
  auto const values = random_values<float>(shape);
  auto const quantized = quantize<S, float>({values.data(), shape});
  std::vector<T> out(values.size());
  for (auto _ : state) {
    Status const status = dequantize<S, T>(quantized->view(), {out.data(), shape}, Serial{}, isa);
    benchmark::DoNotOptimize(status);
    benchmark::ClobberMemory();
  }
  count(state, shape, index_t{sizeof(T)} * shape.size() + bytes_of(*quantized));
}

void read_all(benchmark::State& state, Shape shape) {
  auto const values = random_values<float>(shape);
  for (auto _ : state) {
    float largest = amax<float>({values.data(), shape});
    benchmark::DoNotOptimize(largest);
  }
  count(state, shape, 4 * shape.size());
}

void copy_all(benchmark::State& state, Shape shape) {
  auto const values = random_values<float>(shape);
  std::vector<float> out(values.size());
  for (auto _ : state) {
    std::memcpy(out.data(), values.data(), values.size() * sizeof(float));
    benchmark::ClobberMemory();
  }
  count(state, shape, 8 * shape.size());
}

void fill_all(benchmark::State& state, Shape shape) {
  std::vector<float> out(static_cast<std::size_t>(shape.size()));
  for (auto _ : state) {
    std::memset(out.data(), 1, out.size() * sizeof(float));
    benchmark::ClobberMemory();
  }
  count(state, shape, 4 * shape.size());
}

#if defined(QFMT_X86)
void fill_past_caches(benchmark::State& state, Shape shape) {
  std::vector<float> out(static_cast<std::size_t>(shape.size()));
  struct Ones {
    void operator()(index_t, index_t n, float* to) const { std::fill_n(to, n, 1.5f); }
  };
  for (auto _ : state) {
    x86::avx512::stream_row(out.data(), shape.size(), Ones{});
    benchmark::ClobberMemory();
  }
  count(state, shape, 4 * shape.size());
}
#endif

using Encoded = TypeList<E4M3, E5M2, E2M1, INT8>;
using Presets = TypeList<preset::NVFP4A16, preset::MXFP4A16, preset::MXFP8A16, preset::FP8_DYNAMIC,
                         preset::W8A8, preset::W4A16>;

/// Benches of every instruction set that is here.
template <class Bench>
void add(std::string const& what, Size const& size, Bench bench) {
  for (Isa const isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (isa > detected_isa())
      continue;
    std::string const full = what + "/" + size.name + "/" + name(isa);
    benchmark::RegisterBenchmark(full.c_str(), bench, size.shape, isa);
  }
}

int const registered = [] {
  for (Size const& size : sizes) {
    auto const ceiling = [&](char const* what, auto bench) {
      std::string const full = std::string{"ceilings/"} + what + "/" + size.name;
      benchmark::RegisterBenchmark(full.c_str(), bench, size.shape);
    };
    ceiling("read", read_all);
    ceiling("copy", copy_all);
    ceiling("write", fill_all);
#if defined(QFMT_X86)
    if (detected_isa() >= Isa::avx512)
      ceiling("write_past_caches", fill_past_caches);
#endif
    Encoded::for_each([&]<class F>() {
      add(std::string{"encode/"} + F::name, size, encode_all<F>);
      add(std::string{"decode/"} + F::name, size, decode_all<F>);
    });
    Presets::for_each([&]<class P>() {
      using S = typename P::Weights;
      add(std::string{"quantize/f32/"} + P::name, size, quantize_matrix<S, float>);
      add(std::string{"quantize/bf16/"} + P::name, size, quantize_matrix<S, Code<BF16>>);
      add(std::string{"quantize/f16/"} + P::name, size, quantize_matrix<S, Code<FP16>>);
      add(std::string{"dequantize/f32/"} + P::name, size, dequantize_matrix<S, float>);
      add(std::string{"dequantize/bf16/"} + P::name, size, dequantize_matrix<S, Code<BF16>>);
    });
  }
  return 0;
}();

}  // namespace

BENCHMARK_MAIN();
