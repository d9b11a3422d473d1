// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/status.hpp>
#include <qfmt/cuda/gemm/packed_weight.hpp>
#include <qfmt/cuda/ptx/threads.cuh>

namespace qfmt::cuda {

/// Packs a weight on the device: a thread for each word of codes, and for each scale. The bytes are
/// those of pack() on the host (packed_tensor.hpp).
template <Packable S>
struct PackWeight {
  static constexpr int max_threads = 256;
  struct Shared {};

  QuantTensorView<S> from;
  uint8_t* to;  // PackedLayout<S>::bytes()

  [[nodiscard]] index_t words() const noexcept {
    PackedLayout<S> const map{from.shape};
    return map.row_blocks() * map.tiles() * PackedLayout<S>::Tile::words;
  }
  [[nodiscard]] Grid grid() const noexcept {
    index_t const scales = PackedLayout<S>{from.shape}.scales();
    index_t const most = words() > scales ? words() : scales;
    index_t const blocks = ceil_div(most, max_threads);
    return {static_cast<unsigned>(blocks < 65536 ? blocks : 65536), 1};
  }

  template <class Threads>
  QFMT_HOST_DEVICE void operator()(Shared&) const {
    using Layout = PackedLayout<S>;
    Layout const map{from.shape};
    index_t const first = index_t{Threads::block_x()} * max_threads + Threads::thread();
    index_t const step = index_t{Threads::blocks_x()} * max_threads;
    index_t const tiles = map.tiles();
    for (index_t i = first; i < map.row_blocks() * tiles * Layout::Tile::words; i += step) {
      index_t const tile = i / Layout::Tile::words;
      uint32_t const word =
          packed_word(from, tile / tiles, tile % tiles, static_cast<int>(i % Layout::Tile::words));
      detail::store_as(to + 4 * i, word);
    }
    for (index_t i = first; i < map.scales(); i += step) {
      PackedScale<S> const scale = packed_scale(from, i);
      detail::store_as(to + map.scales_at() + i * static_cast<int>(sizeof(scale.scale)),
                       scale.scale);
      if constexpr (S::has_zero_point)
        detail::store_as(to + map.zero_points_at() + 2 * i, scale.zero_point);
    }
  }
};

#if defined(__CUDACC__) && !defined(__CUDACC_RTC__)

/// Packs `from` into `to`, both on the device: PackedLayout<S>{shape}.bytes() bytes at a multiple of
/// 256; bytes between the parts are not written. Precondition: a valid view whose zero points are codes
/// of the format. Nothing is allocated and nothing waited for. Errors: negative_size, null_pointer,
/// buffer_misaligned, device_error (the launch).
template <Packable S>
Status pack(QuantTensorView<S> const& from, uint8_t* to, cudaStream_t stream) {
  if (from.shape.rows < 0 || from.shape.cols < 0)
    return Status::negative_size;
  if (PackedLayout<S>{from.shape}.bytes() == 0)
    return Status::ok;
  bool const incomplete = from.codes == nullptr || from.scales == nullptr ||
                          (S::has_zero_point && from.zero_points == nullptr);
  if (to == nullptr || (incomplete && from.shape.size() != 0))
    return Status::null_pointer;
  if (reinterpret_cast<size_t>(to) % PackedLayout<S>::alignment != 0)
    return Status::buffer_misaligned;
  PackWeight<S> const kernel{from, to};
  return launch(kernel, kernel.grid(), kernel.max_threads, stream);
}

#endif

}  // namespace qfmt::cuda
