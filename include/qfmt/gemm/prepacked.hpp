// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <vector>

#include <qfmt/gemm/large_pages.hpp>
#include <qfmt/gemm/operand.hpp>
#include <qfmt/gemm/panel_layout.hpp>
#include <qfmt/tensor/quant_tensor.hpp>

namespace qfmt {

/// A prepacked weight that somebody else owns. An Operand: every element can be read, though the
/// kernels that read whole panels are what it is for.
template <Prepackable S>
struct PrepackedView {
  using Scheme = S;
  using Format = typename S::Format;

  Shape shape;                    // (N, K)
  uint8_t const* data = nullptr;  // panels, see PanelLayout; 64-byte aligned
  [[no_unique_address]] typename S::Global global;
  /// Whether every scale is zero or of a magnitude within 2^-100 and 2^100 (UE4M3: not NaN; its
  /// tensor scale within 2^-100 and 2^100), every zero point is a code, and every code is finite.
  /// Kernels may ask for it.
  bool regular = false;

  [[nodiscard]] constexpr PanelLayout layout() const noexcept {
    return panel_layout<S>(shape.cols);
  }
  [[nodiscard]] constexpr uint8_t const* panel(index_t i) const noexcept {
    return data + i * layout().panel_bytes(shape.cols);
  }
  [[nodiscard]] constexpr Code<Format> code(index_t row, index_t col) const noexcept {
    PanelLayout const map = layout();
    PanelLayout::Place const place = map.code(row, col, shape.cols);
    uint32_t const mask = (uint32_t{1} << Format::bits) - 1;
    return {static_cast<typename Format::storage_type>(
        ((uint32_t{data[place.byte]} >> place.shift) & mask) ^ map.flip)};
  }
  [[nodiscard]] typename S::Stored stored_scale(index_t row, index_t col) const noexcept {
    typename S::Stored out;
    std::memcpy(&out, data + layout().scale(row, col, shape.cols), sizeof out);
    return out;
  }
  [[nodiscard]] int16_t zero_point(index_t row, index_t col) const noexcept {
    int16_t out = 0;
    if constexpr (S::has_zero_point)
      std::memcpy(&out, data + layout().zero_point(row, col, shape.cols), sizeof out);
    return out;
  }

  /// As of QuantTensorView, to the bit.
  [[nodiscard]] float operator()(index_t row, index_t col) const noexcept {
    float grid = decode(code(row, col));
    if constexpr (S::has_zero_point)
      grid -= static_cast<float>(zero_point(row, col));
    return grid * S::Policy::effective(stored_scale(row, col), global);
  }
};

template <Prepackable S>
[[nodiscard]] constexpr Shape shape_of(PrepackedView<S> const& o) noexcept {
  return o.shape;
}
template <Prepackable S>
[[nodiscard]] float value(PrepackedView<S> const& o, index_t row, index_t col) noexcept {
  return o(row, col);
}
template <index_t Step = 1, Prepackable S>
void decode_row(PrepackedView<S> const& o, index_t row, index_t first_col, index_t count,
                float* to) noexcept {
  for (index_t i = 0; i < count; ++i) to[i * Step] = o(row, first_col + i);
}

/// A weight in panels, ready for the kernels; see prepack().
template <Prepackable S>
class Prepacked {
 public:
  using Scheme = S;

  Prepacked() = default;

  /// A matrix of zeros with this shape and scale of the tensor.
  explicit Prepacked(Shape matrix, typename S::Global global = {})
      : view_{matrix, nullptr, global, false},
        lines_(static_cast<std::size_t>(view_.layout().bytes(matrix) / PanelLayout::line)) {}

  [[nodiscard]] PrepackedView<S> view() const noexcept {
    PrepackedView<S> out = view_;
    out.data = lines_.empty() ? nullptr : lines_.data()->bytes;
    return out;
  }
  [[nodiscard]] uint8_t* data() noexcept { return lines_.empty() ? nullptr : lines_.data()->bytes; }
  [[nodiscard]] index_t bytes() const noexcept { return view_.layout().bytes(view_.shape); }
  void set_regular(bool regular) noexcept { view_.regular = regular; }

 private:
  struct alignas(PanelLayout::line) Line {
    uint8_t bytes[PanelLayout::line] = {};
  };
  PrepackedView<S> view_;
  std::vector<Line, LargePageAllocator<Line>> lines_;
};

namespace detail {

/// Eight nibbles from row-major order to that of a panel, and back: even positions to the low
/// halves.
///
///     7777 6666 5555 4444 3333 2222 1111 0000   (the digit is the column)
///     7777 6666 3333 2222 5555 4444 1111 0000   bytes 1 and 2 exchanged
///     7777 3333 6666 2222 5555 1111 4444 0000   nibbles 1 and 2 of each half exchanged
[[nodiscard]] constexpr uint32_t to_panel_nibbles(uint32_t x) noexcept {
  uint32_t const bytes = (x ^ (x >> 8)) & 0x0000FF00u;
  x ^= bytes ^ (bytes << 8);
  uint32_t const nibbles = (x ^ (x >> 4)) & 0x00F000F0u;
  return x ^ nibbles ^ (nibbles << 4);
}
[[nodiscard]] constexpr uint32_t from_panel_nibbles(uint32_t x) noexcept {
  uint32_t const nibbles = (x ^ (x >> 4)) & 0x00F000F0u;
  x ^= nibbles ^ (nibbles << 4);
  uint32_t const bytes = (x ^ (x >> 8)) & 0x0000FF00u;
  return x ^ bytes ^ (bytes << 8);
}
static_assert(to_panel_nibbles(0x76543210u) == 0x73625140u);
static_assert(from_panel_nibbles(0x73625140u) == 0x76543210u);

/// Whether kernels can take this scale as it is; see PrepackedView::regular.
template <Scheme S>
[[nodiscard]] constexpr bool is_regular(typename S::Stored stored) noexcept {
  float const magnitude = bit_cast<float>(magnitude_bits([&] {
    if constexpr (Real<typename S::Stored>) {
      return to_float(stored);
    } else {
      return decode(stored);
    }
  }()));
  if constexpr (same_as<typename S::Global, GlobalScale>) {
    return is_finite(magnitude);
  } else {
    return magnitude == 0.0f || (magnitude >= 0x1p-100f && magnitude <= 0x1p100f);
  }
}

}  // namespace detail

/// The same weight in panels. Exact: unpack() gives the tensor back, byte for byte except for
/// padding. Precondition: a valid view.
template <Prepackable S>
[[nodiscard]] Prepacked<S> prepack(QuantTensorView<S> const& w) {
  constexpr index_t bits = S::Format::bits;
  Prepacked<S> out{w.shape, w.global};
  PanelLayout const map = out.view().layout();
  bool regular = true;
  if constexpr (same_as<typename S::Global, GlobalScale>) {
    float const magnitude = bit_cast<float>(magnitude_bits(w.global.encode_scale));
    regular = magnitude >= 0x1p-100f && magnitude <= 0x1p100f;
  }
  for (index_t row = 0; row < w.shape.rows; ++row) {
    for (index_t col = 0; col < w.shape.cols; col += map.group) {
      index_t const tile = w.scale_index(row, col);
      std::memcpy(out.data() + map.scale(row, col, w.shape.cols), w.scales + tile,
                  sizeof(typename S::Stored));
      regular = regular && detail::is_regular<S>(w.scales[tile]);
      if constexpr (S::has_zero_point) {
        int16_t const zero_point = w.zero_points[tile];
        std::memcpy(out.data() + map.zero_point(row, col, w.shape.cols), &zero_point,
                    sizeof zero_point);
        regular = regular && zero_point >= S::Format::min_int && zero_point <= S::Format::max_int;
      }
    }
    // A dword of the row at a time; the last may be short.
    uint8_t const* const from = w.codes + row * w.row_bytes;
    index_t const used = packed_bytes<typename S::Format>(w.shape.cols);
    for (index_t byte = 0; byte < used; byte += PanelLayout::quad) {
      uint32_t dword = 0;
      std::memcpy(&dword, from + byte,
                  static_cast<std::size_t>((std::min)(PanelLayout::quad, used - byte)));
      if constexpr (bits == 4) {
        dword = detail::to_panel_nibbles(dword);
      } else if constexpr (FloatFormat<typename S::Format>) {
        for (int i = 0; i < 32; i += 8)
          regular =
              regular && is_finite(detail::values_of_codes<typename S::Format>[dword >> i & 255]);
      }
      dword ^= map.flip * 0x01010101u;
      index_t const place = map.code(row, byte * 8 / bits, w.shape.cols).byte;
      std::memcpy(out.data() + place, &dword, sizeof dword);
    }
  }
  out.set_regular(regular);
  return out;
}

/// The tensor that was prepacked.
template <Prepackable S>
[[nodiscard]] QuantTensor<S> unpack(PrepackedView<S> const& w) {
  using Grid = typename S::Granularity;
  constexpr index_t bits = S::Format::bits;
  QuantTensor<S> out{w.shape};
  out.global = w.global;
  PanelLayout const map = w.layout();
  Shape const tile = Grid::tile(w.shape);
  for (index_t i = 0; i < out.scale_shape.size(); ++i) {
    index_t const row = i / out.scale_shape.cols * tile.rows;
    index_t const col = i % out.scale_shape.cols * tile.cols;
    out.scales[static_cast<std::size_t>(i)] = w.stored_scale(row, col);
    if constexpr (S::has_zero_point)
      out.zero_points[static_cast<std::size_t>(i)] = w.zero_point(row, col);
  }
  for (index_t row = 0; row < w.shape.rows; ++row) {
    uint8_t* const to = out.codes.data() + row * out.row_bytes;
    index_t const used = packed_bytes<typename S::Format>(w.shape.cols);
    for (index_t byte = 0; byte < used; byte += PanelLayout::quad) {
      uint32_t dword = 0;
      std::memcpy(&dword, w.data + map.code(row, byte * 8 / bits, w.shape.cols).byte, sizeof dword);
      dword ^= map.flip * 0x01010101u;
      if constexpr (bits == 4)
        dword = detail::from_panel_nibbles(dword);
      std::memcpy(to + byte, &dword,
                  static_cast<std::size_t>((std::min)(PanelLayout::quad, used - byte)));
    }
  }
  return out;
}

static_assert(Operand<PrepackedView<BlockScheme<NVFP4>>>);

}  // namespace qfmt
