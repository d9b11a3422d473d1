// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/core/status.hpp>
#include <qfmt/cuda/scaling/quantize_block.cuh>
#include <qfmt/packing/pack.hpp>
#include <qfmt/packing/scale_layout.hpp>

// Activations to a block format, with the scales in the layout that the next kernel reads.

namespace qfmt::cuda {

/// Where a quantized matrix of shape (M, K) goes, on the device.
template <BlockFormat B, ScaleLayout L = RowMajor>
struct QuantizedRows {
  uint8_t* codes = nullptr;  // (M, row_bytes): packed rows, whole blocks; 4-byte aligned
  index_t row_bytes = 0;     // a multiple of 4
  typename B::Policy::Stored* scales = nullptr;  // L::size of (M, ceil(K / block))
};

namespace detail {

inline constexpr int values_per_lane = 8;

/// Count values from memory as binary32, zeros behind the end: in one or two 16-byte loads where all
/// of them are there and the address is a multiple of 16.
template <int Count, Real T>
QFMT_HOST_DEVICE constexpr Values<float, Count> load(T const* from, index_t present) noexcept {
  Values<float, Count> values;
  if constexpr (Count * sizeof(T) % 16 == 0) {
    if (!__builtin_is_constant_evaluated() && present >= Count &&
        reinterpret_cast<size_t>(from) % 16 == 0) {
      struct alignas(16) {
        T x[Count];
      } vector;
      __builtin_memcpy(&vector, __builtin_assume_aligned(from, 16), sizeof(vector));
      for (int i = 0; i < Count; ++i) values.set(i, to_float(vector.x[i]));
      return values;
    }
  }
  for (int i = 0; i < Count; ++i) {
    if (i < present)
      values.set(i, to_float(from[i]));
  }
  return values;
}

/// The codes of a lane to memory: whole words where the format has them.
template <ElementFormat F, int Count>
QFMT_HOST_DEVICE constexpr void store(Codes<F, Count> const& codes, uint8_t* to) noexcept {
  if constexpr (Count * F::bits % 32 == 0) {
    __builtin_memcpy(__builtin_assume_aligned(to, 4), codes.word, sizeof(codes.word));
  } else {
    for (int byte = 0; byte < Count * F::bits / 8; ++byte)
      to[byte] = static_cast<uint8_t>(codes.word[byte / 4] >> (byte % 4 * 8));
  }
}

/// Lane `lane` of the block (row, block) of the padded matrix of blocks: its 8 values, codes and,
/// from the first lane, the scale. Blocks of the layout's padding get a zero scale and no codes;
/// values beyond the last column are zeros.
template <BlockFormat B, ScaleLayout L, class Group, Profile P, Real T, int PerLane>
QFMT_HOST_DEVICE constexpr void quantize_lane(MatrixView<T const> x, QuantizedRows<B, L> out,
                                              typename B::Policy::Global global, index_t row,
                                              index_t block, int lane) noexcept {
  using F = typename B::Element;
  Shape const scales{x.shape.rows, ceil_div(x.shape.cols, B::block_size)};
  bool const padding = row >= scales.rows || block >= scales.cols;
  index_t const first = block * B::block_size + lane * PerLane;
  auto const values =
      padding ? Values<float, PerLane>{} : load<PerLane>(x.row(row) + first, x.shape.cols - first);
  auto const q = quantize_block<B, Group, P, T>(values, global);
  if (!padding)
    store(q.codes, out.codes + row * out.row_bytes + first * F::bits / 8);
  if (lane == 0)
    out.scales[L::offset(scales, row, block)] = padding ? typename B::Policy::Stored{} : q.scale;
}

}  // namespace detail

#if defined(__CUDACC__)

namespace detail {

template <BlockFormat B, ScaleLayout L, Profile P, Real T>
__global__ void quantize_blocks_kernel(MatrixView<T const> x, QuantizedRows<B, L> out,
                                       typename B::Policy::Global global) {
  constexpr int lanes = static_cast<int>(B::block_size) / values_per_lane;
  Shape const padded = L::padded({x.shape.rows, ceil_div(x.shape.cols, B::block_size)});
  index_t const thread = index_t{blockIdx.x} * blockDim.x + threadIdx.x;
  // Every lane of a warp stays to the end, whatever lies beyond the last block: lanes exchange.
  for (index_t row = blockIdx.y; row < padded.rows; row += gridDim.y) {
    index_t const block = thread / lanes;
    if (__any_sync(0xFFFFFFFFu, block < padded.cols)) {
      index_t const inside = block < padded.cols ? block : padded.cols - 1;
      quantize_lane<B, L, NeighbouringLanes<lanes>, P, T, values_per_lane>(
          x, out, global, row, inside, static_cast<int>(thread % lanes));
    }
  }
}

}  // namespace detail

/// Quantizes a matrix on the device, row by row: scales and codes are those that
/// quantize<BlockScheme<B, ..., P>>() gives on the host. The padding of the layout is written too, as
/// zeros. `global` is the tensor's part (NVFP4: from calibration); M and K are any.
///
/// Nothing is allocated and nothing waited for; the call can be captured in a graph. NaN and
/// infinity go through the format's rules. Errors: negative_size, stride_invalid (also a row_bytes
/// below what whole blocks take, or no multiple of 4), null_pointer, buffer_misaligned, device_error
/// (the launch).
template <BlockFormat B, ScaleLayout L = RowMajor, Profile P = profile::Qfmt, Real T>
Status quantize_blocks(MatrixView<T const> x, QuantizedRows<B, L> out,
                       typename B::Policy::Global global, cudaStream_t stream) {
  Shape const scales{x.shape.rows, ceil_div(x.shape.cols, B::block_size)};
  if (x.shape.rows < 0 || x.shape.cols < 0)
    return Status::negative_size;
  if (x.stride < x.shape.cols || out.row_bytes % 4 != 0 ||
      out.row_bytes < packed_bytes<typename B::Element>(scales.cols * B::block_size))
    return Status::stride_invalid;
  if (scales.size() == 0)
    return Status::ok;
  if (x.data == nullptr || out.codes == nullptr || out.scales == nullptr)
    return Status::null_pointer;
  if (reinterpret_cast<size_t>(out.codes) % 4 != 0)
    return Status::buffer_misaligned;
  constexpr index_t threads = 256;
  Shape const padded = L::padded(scales);
  index_t const lanes = padded.cols * (B::block_size / detail::values_per_lane);
  dim3 const grid{static_cast<unsigned>(ceil_div(lanes, threads)),
                  static_cast<unsigned>(padded.rows < 65535 ? padded.rows : 65535)};
  detail::quantize_blocks_kernel<B, L, P, T>
      <<<grid, static_cast<unsigned>(threads), 0, stream>>>(x, out, global);
  return cudaGetLastError() == cudaSuccess ? Status::ok : Status::device_error;
}

#endif

}  // namespace qfmt::cuda
