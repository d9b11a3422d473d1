// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Kernels that do nothing but load, decode or encode, and store: 16 vectors of 8 for each thread.
// scripts/check_cuda_kernels.py compiles them and counts what the compiler made of them.

#include <qfmt/cuda/dequant.cuh>

using namespace qfmt;

template <class T, class F>
__device__ void decode_vectors(uint32_t const* in, uint32_t* out) {
#pragma unroll
  for (int r = 0; r < 16; ++r) {
    qfmt::cuda::Codes<F, 8> codes;
    for (int i = 0; i < codes.words; ++i)
      codes.word[i] = in[(r * codes.words + i) * 32 + threadIdx.x];
    auto const values = qfmt::cuda::decode<T>(codes);
    for (int i = 0; i < values.words; ++i)
      out[(r * values.words + i) * 32 + threadIdx.x] = values.word[i];
  }
}

template <class F>
__device__ void encode_vectors(uint32_t const* in, uint32_t* out) {
#pragma unroll
  for (int r = 0; r < 16; ++r) {
    qfmt::cuda::Values<float, 8> values;
    for (int i = 0; i < 8; ++i) values.word[i] = in[(r * 8 + i) * 32 + threadIdx.x];
    auto const codes = qfmt::cuda::encode<F>(values);
    for (int i = 0; i < codes.words; ++i)
      out[(r * codes.words + i) * 32 + threadIdx.x] = codes.word[i];
  }
}

/// The same by stochastic rounding, drawing included.
template <class F>
__device__ void encode_stochastic_vectors(uint32_t const* in, uint32_t* out, uint64_t seed,
                                          uint64_t index) {
#pragma unroll
  for (int r = 0; r < 16; ++r) {
    qfmt::cuda::Values<float, 8> values;
    for (int i = 0; i < 8; ++i) values.word[i] = in[(r * 8 + i) * 32 + threadIdx.x];
    auto const random =
        qfmt::cuda::random_words<8>(Philox{seed}, 8 * (index + r * 32 + threadIdx.x));
    auto const codes = qfmt::cuda::encode<F>(values, random);
    for (int i = 0; i < codes.words; ++i)
      out[(r * codes.words + i) * 32 + threadIdx.x] = codes.word[i];
  }
}

template <class B, class... Random>
__device__ void quantize_vectors(uint32_t const* in, uint32_t* out,
                                 typename B::Policy::Global global, Random... random) {
  qfmt::cuda::Values<float, 8> values;
  for (int i = 0; i < 8; ++i) values.word[i] = in[i * 32 + threadIdx.x];
  auto const q = qfmt::cuda::quantize_block<B, qfmt::cuda::NeighbouringLanes<B::block_size / 8>>(
      values, random..., global);
  out[threadIdx.x] = q.codes.word[0];
  out[32 + threadIdx.x] = q.scale.bits;
}

#define DECODE(name, F, T)                                             \
  extern "C" __global__ void name(uint32_t const* in, uint32_t* out) { \
    decode_vectors<T, F>(in, out);                                     \
  }
#define ENCODE(name, F)                                                \
  extern "C" __global__ void name(uint32_t const* in, uint32_t* out) { \
    encode_vectors<F>(in, out);                                        \
  }
#define ENCODE_STOCHASTIC(name, F)                                                  \
  extern "C" __global__ void name(uint32_t const* in, uint32_t* out, uint64_t seed, \
                                  uint64_t index) {                                 \
    encode_stochastic_vectors<F>(in, out, seed, index);                             \
  }

DECODE(decode_e2m1_bf16, E2M1, Code<BF16>)
DECODE(decode_e2m1_fp16, E2M1, Code<FP16>)
DECODE(decode_e2m1_float, E2M1, float)
DECODE(decode_int4_bf16, INT4, Code<BF16>)
DECODE(decode_int4_fp16, INT4, Code<FP16>)
DECODE(decode_int8_bf16, INT8, Code<BF16>)
DECODE(decode_int8_fp16, INT8, Code<FP16>)
DECODE(decode_e4m3_bf16, E4M3, Code<BF16>)
DECODE(decode_e4m3_fp16, E4M3, Code<FP16>)
DECODE(decode_e5m2_bf16, E5M2, Code<BF16>)
DECODE(decode_e5m2_fp16, E5M2, Code<FP16>)
ENCODE(encode_e2m1, E2M1)
ENCODE(encode_e4m3, E4M3)
ENCODE(encode_e5m2, E5M2)
ENCODE_STOCHASTIC(encode_stochastic_e2m1, E2M1)
ENCODE_STOCHASTIC(encode_stochastic_e4m3, E4M3)
ENCODE_STOCHASTIC(encode_stochastic_int8, INT8)

extern "C" __global__ void quantize_nvfp4(uint32_t const* in, uint32_t* out, GlobalScale global) {
  quantize_vectors<NVFP4>(in, out, global);
}
extern "C" __global__ void quantize_mxfp4(uint32_t const* in, uint32_t* out) {
  quantize_vectors<MXFP4>(in, out, {});
}
extern "C" __global__ void quantize_nvfp4_stochastic(uint32_t const* in, uint32_t* out,
                                                     GlobalScale global, uint64_t seed) {
  quantize_vectors<NVFP4>(in, out, global,
                          qfmt::cuda::random_words<8>(Philox{seed}, uint64_t{8} * threadIdx.x));
}
