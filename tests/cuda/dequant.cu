// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The door on a device: every code in every place of a vector against the host; every one of the 2^32
// floats in every place of a vector against the scalar encode, which the host proves and both compile
// from the same integer logic; division and arithmetic against the host. Skipped without a device.

#include <qfmt/core/random.hpp>
#include <qfmt/cuda/dequant.cuh>

#include <cuda/device/memory.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <class F, class T>
__global__ void decode_all(cuda::Codes<F, 8> const* codes, cuda::Values<T, 8>* values) {
  unsigned const i = blockIdx.x * blockDim.x + threadIdx.x;
  values[i] = cuda::decode<T>(codes[i]);
}

/// Every float at each place of eight, between others that change with it.
template <class F>
__global__ void encode_all(unsigned long long* wrong) {
  unsigned long long here = 0;
  unsigned long long const step = static_cast<unsigned long long>(gridDim.x) * blockDim.x;
  for (unsigned long long n = blockIdx.x * blockDim.x + threadIdx.x; n < 1ull << 32; n += step) {
    auto const bits = static_cast<std::uint32_t>(n);
    cuda::Values<float, 8> x;
    bool has_nan = false;
    for (int i = 0; i < 8; ++i) {  // an odd factor: a bijection, so each place sees every float
      x.word[i] = bits * (2 * i + 1) + 0x9E3779B9u * i;
      has_nan = has_nan || is_nan(x[i]);
    }
    auto const codes = cuda::encode<F>(x);
    auto const of_numbers = has_nan ? codes : cuda::encode<F, false>(x);
    for (int i = 0; i < 8; ++i)
      here += codes[i] == qfmt::encode<F>(x[i]) && of_numbers[i] == codes[i] ? 0 : 1;
  }
  if (here != 0)
    atomicAdd(wrong, here);
}

/// Random numbers with random bits, at each place of eight, against the scalar encode; of every kind,
/// and such as lie where the formats have their values.
template <class F, class R>
__global__ void encode_stochastic_all(unsigned long long* wrong) {
  unsigned long long here = 0;
  unsigned long long const step = static_cast<unsigned long long>(gridDim.x) * blockDim.x;
  for (unsigned long long n = blockIdx.x * blockDim.x + threadIdx.x; n < 1ull << 26; n += step) {
    auto const numbers = cuda::random_words<8>(Philox{1}, 8 * n);
    auto const random = cuda::random_words<8>(Philox{2}, 8 * n + n % 4);
    cuda::Values<float, 8> x;
    for (int i = 0; i < 8; ++i)
      x.word[i] = n % 2 == 0 ? numbers.word[i] : (numbers.word[i] & 0x8FFFFFFFu) + 0x30000000u;
    auto const codes = cuda::encode<F, R>(x, random);
    for (int i = 0; i < 8; ++i)
      here += codes[i] == qfmt::encode<F>(x[i], R{Philox{2}(8 * n + n % 4 + i)}) ? 0 : 1;
  }
  if (here != 0)
    atomicAdd(wrong, here);
}

/// A block of NVFP4 over two lanes for each pair of threads, rounded stochastically.
__global__ void quantize_stochastic(cuda::Values<float, 8> const* x, GlobalScale global,
                                    cuda::QuantizedBlock<NVFP4, 8>* to) {
  unsigned const i = blockIdx.x * blockDim.x + threadIdx.x;
  to[i] = cuda::quantize_block<NVFP4, cuda::NeighbouringLanes<2>>(
      x[i], cuda::random_words<8>(Philox{4}, std::uint64_t{8} * i), global);
}

struct Results {
  float quotient, inexact, root, smaller, larger, sum, product;
};
QFMT_HOST_DEVICE Results compute(float x, float y) {
  float const divisor = bit_cast<float>((bit_cast<std::uint32_t>(y) & 0x7FFFFFu) | 0x3F800000u);
  return {cuda::Divisor{divisor}(x),
          cuda::ptx::divide(x, y),
          cuda::ptx::square_root(cuda::ptx::reciprocal(divisor)),
          cuda::ptx::smaller(x, y),
          cuda::ptx::larger(x, y),
          cuda::ptx::multiply_add(x, y, 1.0f),
          cuda::ptx::multiply(x, y)};
}
__global__ void compute_all(float const* x, Results* to) {
  unsigned const i = blockIdx.x * blockDim.x + threadIdx.x;
  to[i] = compute(x[2 * i], x[2 * i + 1]);
}

constexpr int vectors = 1 << 16;

template <class F, class T>
void check_decode() {
  Philox const random{3};
  std::vector<cuda::Codes<F, 8>> codes(vectors);
  for (std::size_t v = 0; v < codes.size(); ++v) {
    for (int i = 0; i < 8; ++i)
      codes[v].set(i, {static_cast<typename F::storage_type>(
                          random(v * 8 + static_cast<std::size_t>(i)) & ((1u << F::bits) - 1))});
  }
  DeviceArray<cuda::Codes<F, 8>> const in{codes};
  DeviceArray<cuda::Values<T, 8>> const out{std::vector<cuda::Values<T, 8>>(vectors)};
  decode_all<F, T><<<vectors / 256, 256>>>(in.data(), out.data());
  REQUIRE(finished());
  auto const values = out.get();
  int wrong = 0;
  for (std::size_t v = 0; v < codes.size(); ++v) {
    for (int i = 0; i < 8; ++i) {
      float const expected = round_to<T>(decode(codes[v][i]));
      float const got = values[v][i];
      wrong += is_nan(expected) ? !is_nan(got)
                                : bit_cast<std::uint32_t>(got) != bit_cast<std::uint32_t>(expected);
    }
  }
  INFO(F::name);
  CHECK(wrong == 0);
}

struct Decode {
  template <class F>
  void operator()() const {
    check_decode<F, Code<BF16>>();
    check_decode<F, Code<FP16>>();
    check_decode<F, float>();
  }
};

struct Encode {
  template <class F>
  void operator()() const {
    DeviceArray<unsigned long long> const wrong{std::vector<unsigned long long>(1)};
    encode_all<F><<<132 * 8, 256>>>(wrong.data());
    REQUIRE(finished());
    INFO(F::name);
    CHECK(wrong.get()[0] == 0);
  }
};

struct EncodeStochastic {
  template <class F>
  void operator()() const {
    DeviceArray<unsigned long long> const wrong{std::vector<unsigned long long>(1)};
    encode_stochastic_all<F, Stochastic<32>><<<132 * 8, 256>>>(wrong.data());
    encode_stochastic_all<F, Stochastic<8>><<<132 * 8, 256>>>(wrong.data());
    REQUIRE(finished());
    INFO(F::name);
    CHECK(wrong.get()[0] == 0);
  }
};

}  // namespace

TEST_CASE("cuda device: every code in every place") {
  if (has_device("decode"))
    TypeList<E2M1, E4M3, E5M2, INT4, INT8, E2M3>::for_each(Decode{});
}

TEST_CASE("cuda device: every float in every place") {
  if (has_device("encode"))
    TypeList<E2M1, E4M3, E5M2, E2M3, INT8, INT4>::for_each(Encode{});
}

TEST_CASE("cuda device: stochastic rounding with the host's bits") {
  if (!has_device("stochastic encode"))
    return;
  TypeList<E2M1, E4M3, E5M2, E2M3, INT8, INT4>::for_each(EncodeStochastic{});

  std::vector<cuda::Values<float, 8>> x(vectors);
  Philox const random{6};
  for (std::size_t v = 0; v < x.size(); ++v) {
    for (int i = 0; i < 8; ++i)
      x[v].word[i] = (random(8 * v + static_cast<std::size_t>(i)) & 0x87FFFFFFu) + 0x3C000000u;
  }
  GlobalScale const global{3.0f};
  DeviceArray<cuda::Values<float, 8>> const in{x};
  DeviceArray<cuda::QuantizedBlock<NVFP4, 8>> const out{
      std::vector<cuda::QuantizedBlock<NVFP4, 8>>(vectors)};
  quantize_stochastic<<<vectors / 256, 256>>>(in.data(), global, out.data());
  REQUIRE(finished());
  auto const got = out.get();
  int wrong = 0;
  for (std::size_t v = 0; v < x.size(); v += 2) {  // both halves of a block in one lane
    cuda::Values<float, 16> block;
    for (int i = 0; i < 16; ++i) block.word[i] = x[v + static_cast<std::size_t>(i / 8)].word[i % 8];
    auto const expected =
        cuda::quantize_block<NVFP4>(block, cuda::random_words<16>(Philox{4}, 8 * v), global);
    for (int i = 0; i < 16; ++i) {
      auto const& half = got[v + static_cast<std::size_t>(i / 8)];
      wrong += half.codes[i % 8] == expected.codes[i] && half.scale == expected.scale ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("cuda device: arithmetic is the host's") {
  if (!has_device("arithmetic"))
    return;
  Philox const random{5};
  std::vector<float> x(2 * vectors);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = bit_cast<float>(i % 3 == 0 ? random(i) : (random(i) & 0x83FFFFFFu) + 0x3E000000u);
  DeviceArray<float> const in{x};
  DeviceArray<Results> const out{std::vector<Results>(vectors)};
  compute_all<<<vectors / 256, 256>>>(in.data(), out.data());
  REQUIRE(finished());
  auto const got = out.get();
  int wrong = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    Results const expected = compute(x[2 * i], x[2 * i + 1]);
    auto const* const a = reinterpret_cast<float const*>(&got[i]);
    auto const* const b = reinterpret_cast<float const*>(&expected);
    for (std::size_t j = 0; j < sizeof(Results) / sizeof(float); ++j)
      wrong += is_nan(b[j]) ? !is_nan(a[j]) : a[j] != b[j];
  }
  CHECK(wrong == 0);
}
