// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/scaling/profile.hpp>

namespace qfmt::profile {

/// The conversion functions of cuda_fp8.h, cuda_fp6.h and cuda_fp4.h (CUDA toolkit 13.0) with
/// __NV_SATFINITE, from binary32 and 16-bit floats, and E8M0 with the rounding of its class,
/// cudaRoundPosInf. On the device they are `cvt.rn.satfinite` (PTX ISA, "cvt"). NaN of either sign
/// gives 0x7F, and the largest value where the format has no NaN. (From binary64 the same headers
/// keep the sign and part of the payload.)
struct CudaSatfinite : Qfmt {
  static constexpr char const* name = "CudaSatfinite";
};

/// The same functions with __NV_NOSAT, which exists for the FP8 formats and E8M0: beyond the
/// largest value E5M2 gives infinity, E4M3 and E8M0 give NaN.
struct CudaNoSat : CudaSatfinite {
  static constexpr char const* name = "CudaNoSat";

  template <ElementFormat F>
  QFMT_HOST_DEVICE static constexpr Code<F> encode(float x) noexcept {
    if constexpr (ScaleOnlyFormat<F>) {
      return qfmt::encode<F, Up, ToSpecial>(x);
    } else {
      return qfmt::encode<F, NearestEven, ToSpecial>(x);
    }
  }
};

static_assert(Profile<CudaSatfinite> && Profile<CudaNoSat>);

}  // namespace qfmt::profile
