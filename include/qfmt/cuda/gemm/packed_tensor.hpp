// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <vector>

#include <qfmt/core/status.hpp>
#include <qfmt/cuda/gemm/packed_weight.hpp>
#include <qfmt/tensor/quant_tensor.hpp>
#include <qfmt/tensor/result.hpp>

namespace qfmt::cuda {

/// A packed weight in the host's memory. bytes() of data() are what a kernel reads, once they were
/// copied to the device:
///
///     auto packed = cuda::pack(weight.view());
///     cudaMemcpy(there, packed->data(), packed->bytes(), cudaMemcpyHostToDevice);
///     auto view = packed->view_at(there);
template <Packable S>
class PackedTensor {
 public:
  PackedTensor() = default;
  explicit PackedTensor(Shape matrix, typename S::Global global = {})
      : view_{matrix, nullptr, global},
        lines_(static_cast<std::size_t>(view_.layout().bytes() / PackedLayout<S>::alignment)) {}

  [[nodiscard]] uint8_t* data() noexcept { return lines_.empty() ? nullptr : lines_.data()->bytes; }
  [[nodiscard]] uint8_t const* data() const noexcept {
    return lines_.empty() ? nullptr : lines_.data()->bytes;
  }
  [[nodiscard]] index_t bytes() const noexcept { return view_.layout().bytes(); }

  [[nodiscard]] PackedView<S> view() const noexcept { return view_at(data()); }
  [[nodiscard]] PackedView<S> view_at(void const* there) const noexcept {
    PackedView<S> out = view_;
    out.data = static_cast<uint8_t const*>(there);
    return out;
  }

 private:
  struct alignas(PackedLayout<S>::alignment) Line {
    uint8_t bytes[static_cast<std::size_t>(PackedLayout<S>::alignment)] = {};
  };
  PackedView<S> view_;
  std::vector<Line> lines_;
};

/// The same weight in tiles. Exact: unpack() gives the tensor back, byte for byte except for
/// padding. Precondition: a valid view. Error: zero_point_out_of_range, a zero point that is no code
/// of the format (kernels subtract it in 16 bits).
template <Packable S>
[[nodiscard]] Result<PackedTensor<S>> pack(QuantTensorView<S> const& w) {
  using Stored = typename S::Stored;
  PackedTensor<S> out{w.shape, w.global};
  PackedLayout<S> const map{w.shape};
  for (index_t block = 0; block < map.row_blocks(); ++block) {
    for (index_t tile = 0; tile < map.tiles(); ++tile) {
      uint8_t* const to = out.data() + map.tile_at(block, tile);
      for (int word = 0; word < PackedLayout<S>::Tile::words; ++word)
        detail::store_as(to + index_t{4} * word, packed_word(w, block, tile, word));
    }
  }
  for (index_t i = 0; i < map.scales(); ++i) {
    PackedScale<S> const from = packed_scale(w, i);
    detail::store_as(out.data() + map.scales_at() + i * static_cast<index_t>(sizeof(Stored)),
                     from.scale);
    if constexpr (S::has_zero_point) {
      if (from.zero_point < S::Format::min_int || from.zero_point > S::Format::max_int)
        return Error{Status::zero_point_out_of_range,
                     "a zero point is " + std::to_string(from.zero_point) + ", expected " +
                         std::to_string(S::Format::min_int) + " to " +
                         std::to_string(S::Format::max_int)};
      detail::store_as(out.data() + map.zero_points_at() + 2 * i, from.zero_point);
    }
  }
  return out;
}

/// The tensor that was packed; `w` lies in the host's memory.
template <Packable S>
[[nodiscard]] QuantTensor<S> unpack(PackedView<S> const& w) {
  QuantTensor<S> out{w.shape};
  out.global = w.global;
  Shape const tile = S::Granularity::tile(w.shape);
  for (index_t i = 0; i < out.scale_shape.size(); ++i) {
    index_t const row = i / out.scale_shape.cols * tile.rows;
    index_t const col = i % out.scale_shape.cols * tile.cols;
    out.scales[static_cast<std::size_t>(i)] = w.stored_scale(row, col);
    if constexpr (S::has_zero_point)
      out.zero_points[static_cast<std::size_t>(i)] = w.zero_point(row, col);
  }
  for (index_t row = 0; row < w.shape.rows; ++row) {
    PackedSpan<typename S::Format> const to{out.codes.data() + row * out.row_bytes, w.shape.cols};
    for (index_t col = 0; col < w.shape.cols; ++col) to.set(col, w.code(row, col));
  }
  return out;
}

}  // namespace qfmt::cuda
