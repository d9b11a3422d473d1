// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <qfmt/gemm/backend.hpp>
#include <qfmt/gemm/lanes.hpp>

namespace qfmt {

namespace detail {

// One item of work is a block of outputs, block_rows x block_cols. For each slice of block_depth
// along k, the item decodes its part of w once into a panel,
//
//     panel[group][k][lane]       group of 8 output columns, 8 floats for each k
//
// then takes 4 rows of x at a time, decodes their slice, and runs the kernel over all groups. Sums
// wait in `sums` between slices, so every output is accumulated in increasing k, as the reference
// does it. The three buffers live on the stack: 66 KiB.

inline constexpr index_t block_rows = 128;
inline constexpr index_t block_cols = 64;
inline constexpr index_t block_depth = 128;
inline constexpr int kernel_rows = 4;
inline constexpr int kernel_cols = 2 * Lanes::count;

/// sums(r, c) += sum over k of x(r, k) * panel(k, c), in order, for Rows rows and 8 columns; the
/// sums stay in registers.
template <std::size_t... Row>
inline void accumulate(std::index_sequence<Row...>, float const* x, float const* panel,
                       index_t depth, float* sums) noexcept {
  Lanes left[] = {Lanes::load(sums + index_t{Row} * block_cols)...};
  Lanes right[] = {Lanes::load(sums + index_t{Row} * block_cols + Lanes::count)...};
  for (index_t k = 0; k < depth; ++k, panel += kernel_cols) {
    Lanes const w0 = Lanes::load(panel);
    Lanes const w1 = Lanes::load(panel + Lanes::count);
    auto const step = [&](Lanes& l, Lanes& r, float value) {
      Lanes const v = Lanes::broadcast(value);
      l = l.plus_product(v, w0);
      r = r.plus_product(v, w1);
    };
    (step(left[Row], right[Row], x[index_t{Row} * block_depth + k]), ...);
  }
  (left[Row].store(sums + index_t{Row} * block_cols), ...);
  (right[Row].store(sums + index_t{Row} * block_cols + Lanes::count), ...);
}

/// Computes blocks of y, at most block_rows x block_cols.
template <class X, class W, class Y, class E>
class BlockProduct {
 public:
  BlockProduct(X const& x, W const& w, MatrixView<Y> y, E const& epilogue) noexcept
      : x_{x}, w_{w}, y_{y}, epilogue_{epilogue} {}

  void operator()(index_t first_row, index_t first_col, index_t cols) noexcept {
    index_t const rows = (std::min)(block_rows, y_.shape.rows - first_row);
    index_t const depth = shape_of(x_).cols;
    std::fill(sums_, sums_ + rows * block_cols, 0.0f);
    for (index_t k = 0; k < depth; k += block_depth) {
      index_t const slice = (std::min)(block_depth, depth - k);
      decode_panel(first_col, cols, k, slice);
      for (index_t row = 0; row < rows; row += kernel_rows) {
        index_t const count = (std::min<index_t>)(kernel_rows, rows - row);
        for (index_t r = 0; r < count; ++r)
          decode_row(x_, first_row + row + r, k, slice, slices_ + r * block_depth);
        multiply(count, cols, slice, sums_ + row * block_cols);
      }
    }
    for (index_t r = 0; r < rows; ++r) {
      Y* const to = y_.row(first_row + r) + first_col;
      for (index_t c = 0; c < cols; ++c)
        to[c] = from_float<Y>(epilogue_(sums_[r * block_cols + c], first_row + r, first_col + c));
    }
  }

 private:
  void decode_panel(index_t first_col, index_t cols, index_t k, index_t slice) noexcept {
    for (index_t c = 0; c < cols; ++c) {
      decode_row<kernel_cols>(
          w_, first_col + c, k, slice,
          panel_ + c / kernel_cols * kernel_cols * block_depth + c % kernel_cols);
    }
    // Lanes beyond the last column are computed and dropped.
    for (index_t c = cols; c % kernel_cols != 0; ++c) {
      float* const lane = panel_ + c / kernel_cols * kernel_cols * block_depth + c % kernel_cols;
      for (index_t i = 0; i < slice; ++i) lane[i * kernel_cols] = 0.0f;
    }
  }

  void multiply(index_t rows, index_t cols, index_t slice, float* sums) const noexcept {
    for (index_t c = 0; c < cols; c += kernel_cols) {
      float const* const panel = panel_ + c * block_depth;
      switch (rows) {
        case 1:
          accumulate(std::make_index_sequence<1>{}, slices_, panel, slice, sums + c);
          break;
        case 2:
          accumulate(std::make_index_sequence<2>{}, slices_, panel, slice, sums + c);
          break;
        case 3:
          accumulate(std::make_index_sequence<3>{}, slices_, panel, slice, sums + c);
          break;
        default:
          accumulate(std::make_index_sequence<4>{}, slices_, panel, slice, sums + c);
          break;
      }
    }
  }

  X const& x_;
  W const& w_;
  MatrixView<Y> y_;
  E const& epilogue_;
  alignas(64) float panel_[block_cols * block_depth];
  alignas(64) float sums_[block_rows * block_cols];
  alignas(64) float slices_[kernel_rows * block_depth];
};

}  // namespace detail

/// The product by blocks, in standard C++ and 16-byte vectors: for every machine. Bit for bit what
/// ReferenceGemm gives (NaN payloads aside), for every executor. Allocates nothing; 66 KiB of
/// stack.
struct PortableGemm {
  static constexpr char const* name = "portable";

  [[nodiscard]] static constexpr bool supports(Shape, Shape) noexcept { return true; }

  template <Operand X, Operand W, Real Y, Epilogue E, Executor R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R& executor) const {
    Shape const outputs = y.shape;
    index_t const rows = (std::min)(detail::block_rows, outputs.rows);
    // With few rows the time goes into reading w: a narrow block reads few rows of it, each in one
    // go.
    index_t const cols = rows <= detail::kernel_rows ? detail::block_cols / 4 : detail::block_cols;
    index_t const down = ceil_div(outputs.rows, rows);
    index_t const across = ceil_div(outputs.cols, cols);
    // A range should be worth handing to another thread: at least 2^16 multiplications.
    index_t const work = rows * cols * (std::max<index_t>)(1, shape_of(x).cols);
    executor.for_each_range(down * across, ceil_div(index_t{1} << 16, work), [&](IndexRange range) {
      detail::BlockProduct<X, W, Y, E> block{x, w, y, epilogue};
      for (index_t i = range.begin; i < range.end; ++i) {
        index_t const first_col = i / down * cols;
        block(i % down * rows, first_col, (std::min)(cols, outputs.cols - first_col));
      }
    });
    return Status::ok;
  }
};

static_assert(
    GemmBackend<PortableGemm, MatrixView<float const>, QuantTensorView<BlockScheme<NVFP4>>>);

}  // namespace qfmt
