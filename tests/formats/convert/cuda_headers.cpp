// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The conversion functions of the CUDA headers, which run on the host, in the table's form.

#include <formats/convert/kernels.hpp>
#if defined(QFMT_TEST_CUDA_HEADERS)
#include <bit>

#include <cuda_fp4.h>
#include <cuda_fp6.h>
#include <cuda_fp8.h>
#include <cuda_runtime_api.h>
#define QFMT_TEST_KERNEL
#include <support/differ.hpp>

using qfmt::test::oracle::Mode;

namespace {

template <__nv_fp8_interpretation_t Format>
struct Fp8 {
  static std::uint32_t of(std::uint32_t bits) {
    auto const x = std::bit_cast<float>(bits);
    std::uint32_t const special = __nv_cvt_float_to_fp8(x, __NV_NOSAT, Format);
    return __nv_cvt_float_to_fp8(x, __NV_SATFINITE, Format) | special << 16;
  }
};

// These know no special values: the result is the same for both kinds of overflow.
template <__nv_fp6_interpretation_t Format, cudaRoundMode Rounding>
struct Fp6 {
  static std::uint32_t of(std::uint32_t bits) {
    return 0x10001u * __nv_cvt_float_to_fp6(std::bit_cast<float>(bits), Format, Rounding);
  }
};
template <cudaRoundMode Rounding>
struct Fp4 {
  static std::uint32_t of(std::uint32_t bits) {
    return 0x10001u * __nv_cvt_float_to_fp4(std::bit_cast<float>(bits), __NV_E2M1, Rounding);
  }
};

template <cudaRoundMode Rounding>
struct PowerOfTwo {
  static std::uint32_t of(std::uint32_t bits) {
    auto const x = std::bit_cast<float>(bits);
    std::uint32_t const special = __nv_cvt_float_to_e8m0(x, __NV_NOSAT, Rounding);
    return __nv_cvt_float_to_e8m0(x, __NV_SATFINITE, Rounding) | special << 16;
  }
};

constexpr auto even = cudaRoundNearest;
constexpr auto zero = cudaRoundZero;

}  // namespace

qfmt::test::CodecKernels cuda_kernels() {
  using enum Mode;
  return {{"E4M3", {nearest_even}, &differ<Fp8<__NV_E4M3>>, nullptr, {}},
          {"E5M2", {nearest_even}, &differ<Fp8<__NV_E5M2>>, nullptr, {}},
          {"E2M3",
           {nearest_even, toward_zero},
           &differ<Fp6<__NV_E2M3, even>, Fp6<__NV_E2M3, zero>>,
           nullptr,
           {}},
          {"E3M2",
           {nearest_even, toward_zero},
           &differ<Fp6<__NV_E3M2, even>, Fp6<__NV_E3M2, zero>>,
           nullptr,
           {}},
          {"E2M1", {nearest_even, toward_zero}, &differ<Fp4<even>, Fp4<zero>>, nullptr, {}},
          {"E8M0",
           {toward_zero, up},
           &differ<PowerOfTwo<zero>, PowerOfTwo<cudaRoundPosInf>>,
           nullptr,
           {}}};
}

int cuda_version() {
  return CUDART_VERSION;
}

#else

qfmt::test::CodecKernels cuda_kernels() {
  return {};
}
int cuda_version() {
  return 0;
}

#endif
