// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/scaling/quantize_block.cuh>
#include <qfmt/cuda/tensor/row_vector.cuh>
#include <qfmt/packing/pack.hpp>
#include <qfmt/packing/scale_layout.hpp>

// Where quantized rows go, on the device, and how a vector of values gets there.

namespace qfmt::cuda {

/// Elements of F in groups of N along a row, each with its own scale: INT4 weights in groups of 128,
/// FP8 activations in groups of 128. A block format like the others, of 8 to 256 elements.
template <ElementFormat F, index_t N, class P = Symmetric>
struct GroupFormat {
  static constexpr char const* name = F::name;
  using Element = F;
  using Policy = P;
  static constexpr index_t block_size = N;
};

/// A matrix of shape (M, K) in a block format.
template <BlockFormat B, ScaleLayout L = RowMajor>
struct QuantizedRows {
  uint8_t* codes = nullptr;  // (M, row_bytes): packed rows, whole blocks; 4-byte aligned
  index_t row_bytes = 0;     // a multiple of 4
  typename B::Policy::Stored* scales = nullptr;  // L::size of (M, ceil(K / block))
};

/// A matrix of shape (M, K) with a scale for each row: activations token by token, weights channel
/// by channel.
template <ElementFormat F, Real Stored = float>
struct ScaledRows {
  uint8_t* codes = nullptr;  // (M, row_bytes): packed rows
  index_t row_bytes = 0;     // at least packed_bytes<F>(K)
  Stored* scales = nullptr;  // (M)
};

/// A matrix of shape (M, K) with one scale, which is known.
template <ElementFormat F>
struct PackedRows {
  uint8_t* codes = nullptr;  // (M, row_bytes): packed rows
  index_t row_bytes = 0;     // at least packed_bytes<F>(K)
};

/// What a kernel is given, or where on the device it finds it.
template <class T>
struct Parameter {
  T value{};
  T const* on_device = nullptr;
  [[nodiscard]] QFMT_HOST_DEVICE T get() const noexcept {
    return on_device != nullptr ? *on_device : value;
  }
};

/// Blocks as the target of a kernel.
template <BlockFormat B, ScaleLayout L, Profile P>
struct BlockTarget {
  using Global = typename B::Policy::Global;
  static constexpr bool scales_rows = false;
  static constexpr int lanes = static_cast<int>(B::block_size) / vector_size;
  static_assert(B::block_size % vector_size == 0, "blocks of whole vectors");

  QuantizedRows<B, L> out;
  Parameter<Global> global;

  /// Rows, and columns, that have scales: with the layout's padding.
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr Shape padded(Shape matrix) noexcept {
    Shape const blocks = L::padded(scales(matrix));
    return {blocks.rows, blocks.cols * B::block_size};
  }
  [[nodiscard]] QFMT_HOST_DEVICE constexpr Status check(Shape matrix) const noexcept {
    index_t const needed = packed_bytes<typename B::Element>(scales(matrix).cols * B::block_size);
    if (out.row_bytes % 4 != 0 || out.row_bytes < needed)
      return Status::stride_invalid;
    if (matrix.size() == 0)
      return Status::ok;
    if (out.codes == nullptr || out.scales == nullptr)
      return Status::null_pointer;
    return reinterpret_cast<size_t>(out.codes) % 4 != 0 ? Status::buffer_misaligned : Status::ok;
  }

  /// A lane's vector of the padded matrix: its codes and, from the first lane of a block, the scale.
  /// In the padding that is a scale of zero. All lanes of a warp come here.
  QFMT_ANY_CALLEE template <class Threads, Real T>
  QFMT_HOST_DEVICE void write(Shape matrix, index_t row, index_t col,
                              RowVector<T> const& x) const noexcept {
    using F = typename B::Element;
    auto const q = quantize_block<B, LanesOf<lanes, Threads>, P, T>(widen<T>(x), global.get());
    Shape const tiles = scales(matrix);
    Shape const with_padding = L::padded(tiles);
    index_t const block = col / B::block_size;
    bool const inside = row < tiles.rows && block < tiles.cols;
    if (inside) {
      uint8_t* const to = out.codes + row * out.row_bytes + col * F::bits / 8;
      // Behind the last column come codes of zero up to the end of the block.
      store_codes<F>(first_codes<F>(q.codes, matrix.cols - col), to);
    }
    if (Threads::thread() % lanes == 0 && row < with_padding.rows && block < with_padding.cols)
      out.scales[L::offset(tiles, row, block)] = inside ? q.scale : typename B::Policy::Stored{};
  }

 private:
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr Shape scales(Shape matrix) noexcept {
    return {matrix.rows, ceil_div(matrix.cols, B::block_size)};
  }
};

/// Rows with one scale as the target of a kernel.
template <ElementFormat F, Real Stored, Profile P>
struct RowTarget {
  static constexpr bool scales_rows = true;
  template <Real T>
  using Encoder = TileEncoder<F, SymmetricScale<Stored>, P, T>;

  ScaledRows<F, Stored> out;

  [[nodiscard]] QFMT_HOST_DEVICE static constexpr Shape padded(Shape matrix) noexcept {
    return matrix;
  }
  [[nodiscard]] QFMT_HOST_DEVICE constexpr Status check(Shape matrix) const noexcept {
    if (out.row_bytes < packed_bytes<F>(matrix.cols))
      return Status::stride_invalid;
    return matrix.size() != 0 && (out.codes == nullptr || out.scales == nullptr)
               ? Status::null_pointer
               : Status::ok;
  }

  template <Real T>
  QFMT_HOST_DEVICE void write(Encoder<T> const& row_encoder, Shape matrix, index_t row, index_t col,
                              RowVector<T> const& x) const noexcept {
    store_codes<F>(row_encoder(widen<T>(x)), out.codes + row * out.row_bytes + col * F::bits / 8,
                   matrix.cols - col);
  }
};

/// Rows under one known scale as the target of a kernel.
template <ElementFormat F, Real Stored, Profile P>
struct TensorTarget {
  static constexpr bool scales_rows = false;

  PackedRows<F> out;
  Parameter<Stored> scale;

  [[nodiscard]] QFMT_HOST_DEVICE static constexpr Shape padded(Shape matrix) noexcept {
    return matrix;
  }
  [[nodiscard]] QFMT_HOST_DEVICE constexpr Status check(Shape matrix) const noexcept {
    if (out.row_bytes < packed_bytes<F>(matrix.cols))
      return Status::stride_invalid;
    return matrix.size() != 0 && out.codes == nullptr ? Status::null_pointer : Status::ok;
  }

  QFMT_ANY_CALLEE template <class Threads, Real T>
  QFMT_HOST_DEVICE void write(Shape matrix, index_t row, index_t col,
                              RowVector<T> const& x) const noexcept {
    RowVector<float> const values = widen<T>(x);
    auto const tile = TileEncoder<F, SymmetricScale<Stored>, P, T>::with_scale(
        scale.get(), largest_magnitude(values));
    store_codes<F>(tile(values), out.codes + row * out.row_bytes + col * F::bits / 8,
                   matrix.cols - col);
  }
};

}  // namespace qfmt::cuda
