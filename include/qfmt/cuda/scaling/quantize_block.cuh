// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/formats/encode.cuh>
#include <qfmt/scaling/block_format.hpp>
#include <qfmt/scaling/quantize_value.hpp>

// Quantizes blocks that lie in registers, so that it can be the end of anybody's kernel: of a
// normalization, an activation function, a product.

namespace qfmt::cuda {

/// A lane that holds whole blocks.
struct OneLane {
  static constexpr int lanes = 1;
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t max(uint32_t x) noexcept { return x; }
};

#if defined(__CUDACC__)
/// A block over `Lanes` lanes of a warp, a power of two of them, the first at a multiple of Lanes.
/// All lanes of the warp take part in the call.
template <int Lanes>
struct NeighbouringLanes {
  static_assert(Lanes == 2 || Lanes == 4 || Lanes == 8 || Lanes == 16 || Lanes == 32);
  static constexpr int lanes = Lanes;
  [[nodiscard]] __device__ static uint32_t max(uint32_t x) noexcept {
    for (int distance = 1; distance < Lanes; distance *= 2) {
      uint32_t const other = __shfl_xor_sync(0xFFFFFFFFu, x, distance);
      x = x > other ? x : other;
    }
    return x;
  }
};
#endif

/// What a lane gets back: the codes of its values, and the scale of their block (the same in all
/// lanes of the block).
template <BlockFormat B, int PerLane>
struct QuantizedBlock {
  Codes<typename B::Element, PerLane> codes;
  typename B::Policy::Stored scale;
};

/// One block of format B whose values lie side by side in the lanes of a Group, PerLane in each:
/// scale and codes are those that quantize<BlockScheme<B, ..., P>>() gives on the host for a matrix
/// of T. `global` is the tensor's part: for NVFP4 its GlobalScale, else left out.
///
///     auto const q = cuda::quantize_block<NVFP4, NeighbouringLanes<2>>(x, global);  // x: 8 values
///
/// A NaN or an infinity among the values goes through the scale's and the format's rules; nothing
/// reports it. Needs IEEE division: with -use_fast_math the results differ in the last place.
QFMT_ANY_CALLEE template <BlockFormat B, class Group = OneLane, Profile P = profile::Qfmt,
                          Real T = float, int PerLane>
requires(B::block_size == index_t{PerLane} * Group::lanes)
    [[nodiscard]] QFMT_HOST_DEVICE constexpr QuantizedBlock<B, PerLane> quantize_block(
        Values<float, PerLane> const& x, typename B::Policy::Global global = {}) noexcept {
  using F = typename B::Element;
  using Policy = typename B::Policy;
  uint32_t largest = 0;
  for (int i = 0; i < PerLane; ++i) {
    uint32_t const magnitude = x.word[i] & 0x7FFFFFFFu;
    largest = largest > magnitude ? largest : magnitude;
  }
  largest = Group::max(largest);
  Range const range{bit_cast<float>(largest | 0x80000000u), bit_cast<float>(largest)};

  QuantizedBlock<B, PerLane> out;
  out.scale = Policy::template fit<F, P, T>(range, global).scale;
  float const prepared = Policy::template prepare<P>(out.scale, global);
  if constexpr (same_as<P, profile::Qfmt>) {
    Values<float, PerLane> scaled;
    for (int i = 0; i < PerLane; ++i) scaled.set(i, P::apply(x[i], prepared));
    out.codes = encode<F>(scaled);
  } else {
    for (int i = 0; i < PerLane; ++i)
      out.codes.set(i, quantize_value<F, Policy, P, T>(x[i], prepared, 0.0f));
  }
  return out;
}

}  // namespace qfmt::cuda
