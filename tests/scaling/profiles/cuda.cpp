// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cstring>
#include <doctest/doctest.h>
#include <scaling/profiles/recorded.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/profiles/cuda.hpp>

#if defined(QFMT_TEST_CUDA_HEADERS)
#include <cuda_bf16.h>
#include <cuda_fp4.h>
#include <cuda_fp6.h>
#include <cuda_fp8.h>
#endif

// The conversion functions of the CUDA headers run on the host. All 2^32 values:
// tests/formats/convert/exhaustive.cpp.

using namespace qfmt;
using namespace qfmt::test;
using profile::CudaNoSat;
using profile::CudaSatfinite;

#if defined(QFMT_TEST_CUDA_HEADERS)

namespace {

template <class F>
std::uint32_t cuda_code(float x, bool saturate) {
  __nv_saturation_t const mode = saturate ? __NV_SATFINITE : __NV_NOSAT;
  if constexpr (same_as<F, E4M3>)
    return __nv_cvt_float_to_fp8(x, mode, __NV_E4M3);
  if constexpr (same_as<F, E5M2>)
    return __nv_cvt_float_to_fp8(x, mode, __NV_E5M2);
  if constexpr (same_as<F, E2M3>)
    return __nv_cvt_float_to_fp6(x, __NV_E2M3, cudaRoundNearest);
  if constexpr (same_as<F, E3M2>)
    return __nv_cvt_float_to_fp6(x, __NV_E3M2, cudaRoundNearest);
  if constexpr (same_as<F, E2M1>)
    return __nv_cvt_float_to_fp4(x, __NV_E2M1, cudaRoundNearest);
  if constexpr (same_as<F, E8M0>)
    return __nv_cvt_float_to_e8m0(x, mode, cudaRoundPosInf);
}

using Formats = TypeList<E4M3, E5M2, E2M3, E3M2, E2M1, E8M0>;

template <class F>
int mismatches(std::vector<float> const& values) {
  int wrong = 0;
  for (float const x : values) {
    wrong += CudaSatfinite::encode<F>(x).bits != cuda_code<F>(x, true) ? 1 : 0;
    wrong += CudaNoSat::encode<F>(x).bits != cuda_code<F>(x, false) ? 1 : 0;
  }
  return wrong;
}

}  // namespace

TEST_CASE(
    "CudaSatfinite and CudaNoSat: the host functions, for every BF16 value and its neighbours") {
  MESSAGE("CUDA headers ", CUDART_VERSION);
  for (char const* const set : {"bf16", "beside"}) {
    auto const values = inputs(set);
    Formats::for_each(
        [&]<class F>() { CHECK_MESSAGE(mismatches<F>(values) == 0, std::string{F::name}); });
  }
}

TEST_CASE(
    "CudaSatfinite and CudaNoSat: exchanging them is noticed where there is something to "
    "exchange") {
  auto const values = inputs("bf16");
  Formats::for_each([&]<class F>() {
    int differs = 0;
    for (float const x : values)
      differs += CudaSatfinite::encode<F>(x).bits != cuda_code<F>(x, false) ? 1 : 0;
    CHECK_MESSAGE((differs > 0) == F::has_nan, std::string{F::name});
  });
}

#else

TEST_CASE("CudaSatfinite and CudaNoSat: the host functions of the CUDA headers") {
  skip(
      "the profiles against the CUDA headers: cuda_fp8.h, cuda_fp6.h and cuda_fp4.h were not "
      "found");
}

#endif

TEST_CASE("CudaSatfinite and CudaNoSat: by hand") {
  constexpr float inf = std::numeric_limits<float>::infinity();
  CHECK(CudaSatfinite::encode<E4M3>(-inf).bits == 0xFE);
  CHECK(CudaNoSat::encode<E4M3>(465.0f).bits == 0x7F);
  CHECK(CudaNoSat::encode<E5M2>(-61440.0f).bits == 0xFC);
  CHECK(CudaNoSat::encode<E2M1>(inf).bits == 0x7);
  CHECK(CudaSatfinite::encode<E4M3>(-std::numeric_limits<float>::quiet_NaN()).bits == 0x7F);
  CHECK(CudaSatfinite::encode<E8M0>(3.0f).bits == 129);
  CHECK(CudaNoSat::encode<E8M0>(inf).bits == 0xFF);
}
