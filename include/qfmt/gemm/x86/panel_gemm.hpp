// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <new>

#include <qfmt/gemm/backend.hpp>
#include <qfmt/gemm/prepacked.hpp>

namespace qfmt::x86 {

/// The sizes of tiles of tokens: the next one up takes what is left.
inline constexpr index_t tile_sizes[] = {1, 2, 4, 8, 16};
inline constexpr index_t largest_tile = 16;

[[nodiscard]] constexpr std::size_t tile_size_index(index_t tokens) noexcept {
  std::size_t i = 0;
  while (tile_sizes[i] < tokens) ++i;
  return i;
}

/// The order of work of every product with a prepacked weight, around kernels that say how:
///
///     block, decoded_block            columns of a block, and its bytes when decoded
///     run                             blocks that a call of blocks[] must not split
///     token_block                     bytes that a token takes for each block
///     write(x, first, rows, tokens, padded, to, scales)   rows of x as a tile
///     panel[]                         sums of a panel, decoded on the way, by tile size; may be
/// null
///     decode                          blocks of a panel into memory
///     blocks[]                        sums of decoded blocks, by tile size
///     finish(sums, tokens, scales, w) the sums' last factors
///
/// First the tokens become tiles, in memory that is allocated here. Then each panel is multiplied
/// by a band of up to 8 tiles: a single tile by the kernel for panels, more of them by chunks of
/// decoded blocks, which stay in the first-level cache while tiles stream by from the second.
template <class Kernels>
class PanelGemm {
 public:
  template <Operand X, Prepackable S, Real Y, Epilogue E, Executor R>
  static Status run(X const& x, PrepackedView<S> const& w, MatrixView<Y> y, E const& epilogue,
                    R& executor) {
    Tiles tiles{y.shape.rows, w.layout().padded(w.shape.cols)};
    if (!tiles.allocate())
      return Status::out_of_memory;
    executor.for_each_range(tiles.count, 1, [&](IndexRange range) {
      for (index_t i = range.begin; i < range.end; ++i) {
        Kernels::write(x, i * largest_tile, tiles.rows(i), tile_sizes[tiles.size(i)], tiles.padded,
                       tiles.data_of(i), tiles.scales_of(i));
      }
    });

    index_t const panels = ceil_div(y.shape.cols, PanelLayout::lanes);
    index_t const bands = ceil_div(tiles.count, tiles.band);
    index_t const panel_bytes = w.layout().panel_bytes(w.shape.cols);
    index_t const grain = ceil_div(index_t{1} << 17, panel_bytes * tiles.band + 1);
    executor.for_each_range(panels * bands, grain, [&](IndexRange range) {
      Workspace space;
      for (index_t i = range.begin; i < range.end; ++i) {
        index_t const panel = i % panels;
        index_t const first = i / panels * tiles.band;
        index_t const count = (std::min)(tiles.band, tiles.count - first);
        multiply(w.panel(panel), panel_bytes, tiles, first, count, space);
        for (index_t t = first; t < first + count; ++t) {
          float* const sums = space.sums + (t - first) * tile_floats;
          Kernels::finish(sums, tiles.rows(t), tiles.scales_of(t), w);
          store(sums, tiles.rows(t), t * largest_tile, panel * PanelLayout::lanes, y, epilogue);
        }
      }
    });
    return Status::ok;
  }

 private:
  static constexpr index_t tile_floats = largest_tile * PanelLayout::lanes;
  static constexpr index_t largest_band = 8;
  static constexpr index_t chunk =
      20480 / Kernels::decoded_block / Kernels::run * Kernels::run;  // blocks
  static_assert(chunk > 0);

  struct Workspace {
    alignas(64) float sums[largest_band * tile_floats];
    alignas(64) uint8_t decoded[chunk * Kernels::decoded_block];
  };

  /// The tokens as the kernels read them. A band of tiles is what a second-level cache holds.
  struct Tiles {
    index_t rows_of_all;
    index_t padded;
    index_t count = ceil_div(rows_of_all, largest_tile);
    index_t bytes = padded / Kernels::block * largest_tile * Kernels::token_block;
    index_t band = (std::clamp)((index_t{1} << 20) / (bytes + 1), index_t{1}, largest_band);
    std::unique_ptr<uint8_t[]> data{};
    std::unique_ptr<float[]> scales{};

    [[nodiscard]] bool allocate() noexcept {
      data.reset(new (std::nothrow) uint8_t[static_cast<std::size_t>(count * bytes)]);
      scales.reset(new (std::nothrow) float[static_cast<std::size_t>(count * largest_tile)]);
      return data != nullptr && scales != nullptr;
    }
    [[nodiscard]] index_t rows(index_t i) const noexcept {
      return (std::min)(largest_tile, rows_of_all - i * largest_tile);
    }
    [[nodiscard]] std::size_t size(index_t i) const noexcept { return tile_size_index(rows(i)); }
    [[nodiscard]] uint8_t* data_of(index_t i) const noexcept { return data.get() + i * bytes; }
    [[nodiscard]] float* scales_of(index_t i) const noexcept {
      return scales.get() + i * largest_tile;
    }
  };

  /// The sums of a panel with `count` tiles.
  static void multiply(uint8_t const* panel, index_t panel_bytes, Tiles const& tiles, index_t first,
                       index_t count, Workspace& space) noexcept {
    if (auto const kernel = Kernels::panel[tiles.size(first)]; count == 1 && kernel != nullptr) {
      kernel(panel, tiles.padded, tiles.data_of(first), space.sums);
      return;
    }
    std::fill(space.sums, space.sums + count * tile_floats, 0.0f);
    index_t const blocks = tiles.padded / Kernels::block;
    for (index_t b = 0; b < blocks; b += chunk) {
      index_t const some = (std::min)(chunk, blocks - b);
      Kernels::decode(panel, tiles.padded, b, some, space.decoded);
      // The chunk that follows, of this panel or the next, comes in while this one is multiplied.
      uint8_t const* next = panel + panel_bytes * (b + chunk) / blocks;
      for (index_t t = 0; t < count; ++t, next += some * PanelLayout::line) {
        std::size_t const size = tiles.size(first + t);
        index_t const at = b * tile_sizes[size] * Kernels::token_block;
        Kernels::blocks[size](space.decoded, some, tiles.data_of(first + t) + at,
                              space.sums + t * tile_floats, next);
      }
    }
  }

  template <Real Y, Epilogue E>
  static void store(float const* sums, index_t rows, index_t first_row, index_t first_col,
                    MatrixView<Y> y, E const& epilogue) noexcept {
    index_t const cols = (std::min)(PanelLayout::lanes, y.shape.cols - first_col);
    for (index_t r = 0; r < rows; ++r) {
      Y* const to = y.row(first_row + r) + first_col;
      for (index_t c = 0; c < cols; ++c) {
        to[c] =
            from_float<Y>(epilogue(sums[r * PanelLayout::lanes + c], first_row + r, first_col + c));
      }
    }
  }
};

}  // namespace qfmt::x86
