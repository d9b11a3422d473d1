// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/ptx/threads.cuh>
#include <qfmt/cuda/scaling/tile_encoder.cuh>

// Quantizes blocks that lie in registers, so that it can be the end of anybody's kernel: of a
// normalization, an activation function, a product.

namespace qfmt::cuda {

/// A lane that holds whole blocks.
struct OneLane {
  static constexpr int lanes = 1;
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t max(uint32_t x) noexcept { return x; }
};

/// A block over `Lanes` lanes of a warp, a power of two of them, the first at a multiple of Lanes.
/// All lanes of the warp take part in the call. `Threads` is what ptx/threads.cuh says.
template <int Lanes, class Threads>
struct LanesOf {
  static_assert(Lanes == 2 || Lanes == 4 || Lanes == 8 || Lanes == 16 || Lanes == 32);
  static constexpr int lanes = Lanes;
  [[nodiscard]] QFMT_HOST_DEVICE static uint32_t max(uint32_t x) noexcept {
    return max_of_lanes<Threads, Lanes>(x);
  }
};
template <class Threads>
struct LanesOf<1, Threads> : OneLane {};

#if defined(__CUDACC__)
template <int Lanes>
using NeighbouringLanes = LanesOf<Lanes, HardwareThreads>;
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
/// reports it. In profile::Qfmt, -use_fast_math changes nothing for blocks of ordinary numbers; of
/// others, and in other profiles, divisions become approximate.
template <BlockFormat B, class Group = OneLane, Profile P = profile::Qfmt, Real T = float,
          int PerLane>
requires(B::block_size == index_t{PerLane} * Group::lanes)
    [[nodiscard]] QFMT_HOST_DEVICE QuantizedBlock<B, PerLane> quantize_block(
        Values<float, PerLane> const& x, typename B::Policy::Global global = {}) noexcept {
  TileEncoder<typename B::Element, typename B::Policy, P, T> const tile{
      Group::max(largest_magnitude(x)), global};
  return {tile(x), tile.scale()};
}

/// The same scale, and codes by stochastic rounding: encode<Element, R>(x / scale, R{random}) for each
/// value, the quotient as profile::Qfmt computes it. For gradients, whose sums should not be biased.
///
///     auto const q = cuda::quantize_block<NVFP4, NeighbouringLanes<2>>(
///         x, cuda::random_words<8>(Philox{seed}, index), global);  // x: elements index to index + 7
///
/// Values beyond the largest code, which a scale that was rounded down leaves, saturate.
template <BlockFormat B, class Group = OneLane, class R = Stochastic<32>, int PerLane>
requires(B::block_size == index_t{PerLane} * Group::lanes && detail::is_stochastic<R>)
    [[nodiscard]] QFMT_HOST_DEVICE QuantizedBlock<B, PerLane> quantize_block(
        Values<float, PerLane> const& x, RandomWords<PerLane> const& random,
        typename B::Policy::Global global = {}) noexcept {
  TileEncoder<typename B::Element, typename B::Policy, profile::Qfmt, float> const tile{
      Group::max(largest_magnitude(x)), global};
  return {tile.template operator()<R>(x, random), tile.scale()};
}

}  // namespace qfmt::cuda
