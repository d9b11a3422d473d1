// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// The door for authors of kernels: codes to numbers and back, in registers.
//
//     #include <qfmt/cuda/dequant.cuh>
//
//     qfmt::cuda::Codes<qfmt::E2M1, 8> const codes{{word}};                         // one 32-bit load
//     auto const w = qfmt::cuda::decode<qfmt::Code<qfmt::BF16>>(codes);              // 4 registers
//     auto const scaled = qfmt::cuda::multiply(w, scale);                            // exact for NVFP4
//
//     auto const q = qfmt::cuda::quantize_block<qfmt::NVFP4, qfmt::cuda::NeighbouringLanes<2>>(x, global);
//
// Nothing else is needed but C++20 and sm_80 or newer (nvcc -std=c++20 -arch=sm_80); NVRTC takes it too.

#include <qfmt/cuda/formats/decode.cuh>
#include <qfmt/cuda/formats/encode.cuh>
#include <qfmt/cuda/scaling/quantize_block.cuh>
#include <qfmt/formats/all.hpp>
