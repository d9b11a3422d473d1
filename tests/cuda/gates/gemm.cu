// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The kernels of the products, for the formats that differ in how a weight becomes registers and in
// where its scale goes; and kernels that do nothing but make registers of eight tiles: 256 weights
// of each lane, with 32 stores of 16 bytes, as many loads of words as a format needs (8 for 4 bits,
// 32 in natural order, 16 for 8 bits) and those of its scales. Those of tokens make registers of eight
// whole tiles of tokens, with no load below 32 bits.

#include <qfmt/cuda/gemm/mma_sm80.cuh>
#include <qfmt/cuda/gemm/skinny.cuh>

using namespace qfmt;

template <class S, class T>
using Task = qfmt::cuda::Product<S, T, Code<BF16>, NoEpilogue>;

#define KERNEL(name, ...)                                                                         \
  extern "C" __global__ void __launch_bounds__(__VA_ARGS__::max_threads, __VA_ARGS__::min_blocks) \
      name(__VA_ARGS__ const body) {                                                              \
    __shared__ __VA_ARGS__::Shared shared;                                                        \
    body.operator()<qfmt::cuda::HardwareThreads>(shared);                                         \
  }

using Nvfp4 = Task<BlockScheme<NVFP4>, Code<BF16>>;
using Mxfp4 = Task<BlockScheme<MXFP4>, Code<BF16>>;
using Int4 = Task<QuantScheme<INT4, PerGroup<128>, Asymmetric, Static<MinMax>>, Code<FP16>>;
using Fp8 = Task<QuantScheme<E4M3, PerChannel>, Code<BF16>>;
using Int8 = Task<QuantScheme<INT8, PerChannel>, int8_t>;

#define BOTH(name, P)                               \
  KERNEL(skinny8_##name, qfmt::cuda::Skinny<P, 1>)  \
  KERNEL(skinny32_##name, qfmt::cuda::Skinny<P, 4>) \
  KERNEL(mma_sm80_##name, qfmt::cuda::MmaSm80<P>)

BOTH(nvfp4_bf16, Nvfp4)
BOTH(mxfp4_bf16, Mxfp4)
BOTH(int4_asymmetric_fp16, Int4)
BOTH(fp8_bf16, Fp8)
BOTH(int8_int8, Int8)

/// The body with more shared memory than 48 KB, as launch() starts it.
using FourStages = qfmt::cuda::MmaSm80<Fp8, 4>;
static_assert(qfmt::cuda::must_ask_for_shared<FourStages>);
extern "C" __global__ void __launch_bounds__(FourStages::max_threads, FourStages::min_blocks)
    mma_sm80_fp8_bf16_4_stages(FourStages const body) {
  extern __shared__ __align__(16) unsigned char shared[];
  body.operator()<qfmt::cuda::HardwareThreads>(*reinterpret_cast<FourStages::Shared*>(shared));
}

template <class S, class T>
__device__ void make_registers(qfmt::cuda::PackedView<S> const& w, uint4* to) {
  int const lane = static_cast<int>(threadIdx.x);
  qfmt::cuda::WeightRows<S, T> const rows{w, 0, lane};
#pragma unroll
  for (int tile = 0; tile < 8; ++tile) {
    auto const registers =
        qfmt::cuda::weight_tile<S, T>(rows.words(tile), rows.scales_of(tile), w.global);
#pragma unroll
    for (int step = 0; step < 4; ++step) {
      auto const& r = registers.left[step].r;
      to[(tile * 4 + step) * 32 + lane] = {r[0], r[1], r[2], r[3]};
    }
  }
}

#define REGISTERS(name, P)                                                                      \
  extern "C" __global__ void registers_##name(qfmt::cuda::PackedView<P::Scheme> w, uint4* to) { \
    make_registers<P::Scheme, P::Element>(w, to);                                               \
  }

using Nvfp4Fp16 = Task<BlockScheme<NVFP4>, Code<FP16>>;
using Int4Bf16 = Task<QuantScheme<INT4, PerGroup<128>>, Code<BF16>>;

REGISTERS(nvfp4_bf16, Nvfp4)
REGISTERS(nvfp4_fp16, Nvfp4Fp16)
REGISTERS(mxfp4_bf16, Mxfp4)
REGISTERS(int4_bf16, Int4Bf16)
REGISTERS(int4_asymmetric_fp16, Int4)
REGISTERS(fp8_bf16, Fp8)

template <class P>
__device__ void make_token_registers(qfmt::cuda::Tokens<typename P::Element> const& x,
                                     uint32_t* to) {
  constexpr auto order = P::Traits::order;
  int const lane = static_cast<int>(threadIdx.x);
  index_t const start = qfmt::cuda::token_start(x, 0, static_cast<int>(x.shape.rows), lane);
#pragma unroll
  for (int tile = 0; tile < 8; ++tile) {
    auto const registers = qfmt::cuda::read_tokens<order, true>(x, start, tile, lane);
#pragma unroll
    for (int i = 0; i < registers.words; ++i)
      to[(tile * registers.words + i) * 32 + lane] = registers.word[i];
  }
}

#define TOKENS(name, P)                                                                      \
  extern "C" __global__ void tokens_##name(qfmt::cuda::Tokens<P::Element> x, uint32_t* to) { \
    make_token_registers<P>(x, to);                                                          \
  }

TOKENS(lane_owned_bf16, Nvfp4)
TOKENS(natural_bf16, Mxfp4)
TOKENS(int8, Int8)
