// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Names the differences of compilers and machines once (gemm/lanes.hpp has its own conditions for
// vector types, vector and device code ask for QFMT_X86 and for what nvcc defines):
//
//   QFMT_HOST_DEVICE   a function for host and device (nothing where there is no device)
//   QFMT_ANY_CALLEE    before a template for both sides that calls what it is given, for one or both
//   QFMT_TRY, QFMT_CATCH   try and catch where exceptions are on; elsewhere the body alone
//   QFMT_HAS_CVT_FP8, QFMT_HAS_CVT_FP4   device code with instructions that convert E4M3 and E5M2
//                      (sm_89 and newer), E2M1 (sm_100a, 100f and newer of their kind)
//   QFMT_X86           defined where x86 vector code can be compiled: x86-64, g++ or clang
//   QFMT_BEGIN_AVX2, ...   until QFMT_END_TARGET, functions are compiled for these instructions,
//                      whatever the flags of the translation unit
//   QFMT_VERSION       major * 10000 + minor * 100 + patch
//
// and brings the few standard names that floors 0 to 2 use into namespace qfmt, so that the same
// source compiles under NVRTC, which has no standard headers of its own.

#define QFMT_VERSION_MAJOR 0
#define QFMT_VERSION_MINOR 1
#define QFMT_VERSION_PATCH 0
#define QFMT_VERSION (QFMT_VERSION_MAJOR * 10000 + QFMT_VERSION_MINOR * 100 + QFMT_VERSION_PATCH)

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define QFMT_HOST_DEVICE __host__ __device__
#define QFMT_ANY_CALLEE _Pragma("nv_exec_check_disable")
#else
#define QFMT_HOST_DEVICE
#define QFMT_ANY_CALLEE
#endif

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 890
#define QFMT_HAS_CVT_FP8 1
#endif
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1000 && \
    (defined(__CUDA_ARCH_SPECIFIC__) || defined(__CUDA_ARCH_FAMILY_SPECIFIC__))
#define QFMT_HAS_CVT_FP4 1
#endif

#if defined(__cpp_exceptions)
#define QFMT_TRY try
#define QFMT_CATCH(...) catch (__VA_ARGS__)
#else
#define QFMT_TRY if (true)
#define QFMT_CATCH(...) else
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__CUDACC__)
#define QFMT_X86 1
#define QFMT_PRAGMA(...) _Pragma(#__VA_ARGS__)
#if defined(__clang__)
#define QFMT_BEGIN_TARGET(features) \
  QFMT_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define QFMT_END_TARGET QFMT_PRAGMA(clang attribute pop)
#else
// g++ 12 takes the undefined registers in its own intrinsics for uninitialized variables.
#define QFMT_BEGIN_TARGET(features)                     \
  QFMT_PRAGMA(GCC push_options)                         \
  QFMT_PRAGMA(GCC target(features))                     \
  QFMT_PRAGMA(GCC diagnostic push)                      \
  QFMT_PRAGMA(GCC diagnostic ignored "-Wuninitialized") \
  QFMT_PRAGMA(GCC diagnostic ignored "-Wmaybe-uninitialized")
#define QFMT_END_TARGET QFMT_PRAGMA(GCC diagnostic pop) QFMT_PRAGMA(GCC pop_options)
#endif
#define QFMT_BEGIN_AVX2 QFMT_BEGIN_TARGET("avx2,fma,f16c,bmi,bmi2")
#define QFMT_BEGIN_AVX512 \
  QFMT_BEGIN_TARGET("avx2,fma,f16c,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")
#define QFMT_BEGIN_AVX512_VNNI                                                            \
  QFMT_BEGIN_TARGET(                                                                      \
      "avx2,fma,f16c,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2," \
      "avx512vnni")
#define QFMT_BEGIN_AVX512_BF16                                                            \
  QFMT_BEGIN_TARGET(                                                                      \
      "avx2,fma,f16c,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2," \
      "avx512vnni,avx512bf16")
#endif

#if defined(__CUDACC_RTC__)
#include <cuda/std/concepts>
#include <cuda/std/cstddef>
#include <cuda/std/cstdint>
#include <cuda/std/type_traits>
#define QFMT_STD cuda::std
#else
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#define QFMT_STD std
#endif

namespace qfmt {

using QFMT_STD::int16_t;
using QFMT_STD::int32_t;
using QFMT_STD::int64_t;
using QFMT_STD::int8_t;
using QFMT_STD::size_t;
using QFMT_STD::uint16_t;
using QFMT_STD::uint32_t;
using QFMT_STD::uint64_t;
using QFMT_STD::uint8_t;

using QFMT_STD::conditional_t;
using QFMT_STD::convertible_to;
using QFMT_STD::derived_from;
using QFMT_STD::floating_point;
using QFMT_STD::integral_constant;
using QFMT_STD::is_same_v;
using QFMT_STD::same_as;
using QFMT_STD::unsigned_integral;

}  // namespace qfmt

#undef QFMT_STD
