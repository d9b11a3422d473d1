// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <new>

#include <qfmt/gemm/backend.hpp>
#include <qfmt/gemm/prepacked.hpp>
#include <qfmt/tensor/isa.hpp>

namespace qfmt::x86 {

/// The sizes of tiles of tokens: the next one up takes what is left.
inline constexpr index_t tile_sizes[] = {1, 2, 4, 8, 16};
inline constexpr index_t largest_tile = 16;

[[nodiscard]] constexpr std::size_t tile_size_index(index_t tokens) noexcept {
  std::size_t i = 0;
  while (tile_sizes[i] < tokens) ++i;
  return i;
}

/// Adds the sums of decoded blocks with a tile to others; see blocks[] below.
using BlocksKernel = void (*)(uint8_t const* decoded, index_t blocks, uint8_t const* x, float* sums,
                              uint8_t const* next) noexcept;

/// The same for two panels and a largest tile.
struct TwoPanels {
  uint8_t const* decoded;  // the blocks of the first, behind them those of the second
  index_t blocks;          // of each
  uint8_t const* x;
  float* sums[2];
  uint8_t const* next[2];
};
using TwoPanelsKernel = void (*)(TwoPanels const& work) noexcept;

/// The order of work of every product with a prepacked weight, around kernels that say how:
///
///     block, decoded_block            columns of a block, and its bytes when decoded
///     run                             blocks that a call of blocks[] must not split
///     token_block                     bytes that a token takes for each block
///     write(x, first, rows, tokens, padded, to, scales)   rows of x as a tile
///     panel[]                         sums of a panel, decoded on the way, by tile size, or null
///     decode                          blocks of a panel into memory
///     blocks[]                        sums of decoded blocks, by tile size
///     two_panels                      the same of two panels, for full-width vectors, or null
///     finish(sums, tokens, scales, w, number)  the sums' last factors
///
/// First the tokens become tiles, in memory that is allocated here. A single tile goes to the kernel
/// for panels. Several are taken in bands and panels in groups, by chunks of columns: a chunk of a
/// panel is decoded into the first-level cache and used for the whole band, a chunk of the band
/// stays in the second-level cache and is used for the whole group.
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
    index_t const together =
        tiles.count == 1 ? 1 : (std::clamp)(panels * tiles.bands / 64, index_t{1}, most_together);
    index_t const groups = ceil_div(panels, together);
    index_t const bytes = w.layout().panel_bytes(w.shape.cols);
    index_t const grain = ceil_div(index_t{1} << 17, together * bytes * tiles.band + 1);
    executor.for_each_range(groups * tiles.bands, grain, [&](IndexRange range) {
      Workspace space;
      for (index_t i = range.begin; i < range.end; ++i) {
        IndexRange const some = part(i % groups * together, together, panels);
        IndexRange const band = part(i / groups * tiles.band, tiles.band, tiles.count);
        multiply(w, some, bytes, tiles, band, space, [&](index_t t) {
          fetch(y, some.begin * PanelLayout::lanes, (some.end - some.begin) * PanelLayout::lanes,
                t * largest_tile, tiles.rows(t));
        });
        for (index_t t = band.begin; t < band.end; ++t) {
          for (index_t p = some.begin; p < some.end; ++p)
            Kernels::finish(space.sums_of(p - some.begin, t - band.begin), tiles.rows(t),
                            tiles.scales_of(t), w, p);
          store(space, some, t - band.begin, tiles.rows(t), t * largest_tile, y, epilogue);
        }
      }
    });
    return Status::ok;
  }

 private:
  static constexpr index_t tile_floats = largest_tile * PanelLayout::lanes;
  /// Blocks of a chunk: whole runs, and about 20 KiB for `panels` together when decoded.
  static constexpr index_t chunk_of(index_t panels) noexcept {
    return (std::max)(20480 / panels / Kernels::decoded_block / Kernels::run, index_t{1}) *
           Kernels::run;
  }
  static constexpr index_t chunk = chunk_of(1);

  /// Tiles of a band: their chunks take half a MiB at most.
  static constexpr index_t largest_band = std::clamp<index_t>(
      (index_t{1} << 19) / (chunk * largest_tile * Kernels::token_block), 4, 16);
  static constexpr index_t most_together = 4;

  struct Workspace {
    alignas(64) float sums[std::size_t{most_together * largest_band * tile_floats}];
    alignas(64) uint8_t decoded[(std::max)(chunk, 2 * chunk_of(2)) * Kernels::decoded_block];

    [[nodiscard]] float* sums_of(index_t panel, index_t tile) noexcept {
      return sums + (panel * largest_band + tile) * tile_floats;
    }
  };

  [[nodiscard]] static IndexRange part(index_t begin, index_t size, index_t end) noexcept {
    return {begin, (std::min)(begin + size, end)};
  }

  /// The tokens as the kernels read them.
  struct Tiles {
    index_t rows_of_all;
    index_t padded;
    index_t count = ceil_div(rows_of_all, largest_tile);
    index_t bytes = padded / Kernels::block * largest_tile * Kernels::token_block;
    index_t bands = ceil_div(count, largest_band);
    index_t band = ceil_div(count, (std::max<index_t>)(bands, 1));  // tiles, about as many in each
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

  /// The sums of some panels with a band of tiles; fetch(tile) some time before its sums are ready.
  template <Prepackable S, class Fetch>
  static void multiply(PrepackedView<S> const& w, IndexRange panels, index_t panel_bytes,
                       Tiles const& tiles, IndexRange band, Workspace& space,
                       Fetch const& fetch) noexcept {
    if (auto const kernel = Kernels::panel[tiles.size(band.begin)];
        tiles.count == 1 && kernel != nullptr) {
      kernel(w.panel(panels.begin), tiles.padded, tiles.data_of(0), space.sums_of(0, 0));
      return;
    }
    for (index_t p = panels.begin; p < panels.end; ++p)
      std::fill_n(space.sums_of(p - panels.begin, 0), (band.end - band.begin) * tile_floats, 0.0f);
    index_t const blocks = tiles.padded / Kernels::block;
    bool const by_two = Kernels::two_panels != nullptr && has_full_width_512();
    index_t const step = by_two ? 2 : 1;
    index_t const length = by_two ? chunk_of(2) : chunk;
    for (index_t b = 0; b < blocks; b += length) {
      index_t const some = (std::min)(length, blocks - b);
      for (index_t p = panels.begin; p < panels.end; p += step) {
        index_t const count = (std::min)(step, panels.end - p);
        for (index_t i = 0; i < count; ++i)
          Kernels::decode(w.panel(p + i), tiles.padded, b, some,
                          space.decoded + i * some * Kernels::decoded_block);
        // What is decoded next comes in while this is multiplied: the chunk of the next panels, or
        // the next chunk of the first.
        uint8_t const* next = p + step < panels.end
                                  ? w.panel(p + step) + panel_bytes * b / blocks
                                  : w.panel(panels.begin) + panel_bytes * (b + length) / blocks;
        for (index_t t = band.begin; t < band.end; ++t, next += some * PanelLayout::line) {
          std::size_t const size = tiles.size(t);
          uint8_t const* const x = tiles.data_of(t) + b * tile_sizes[size] * Kernels::token_block;
          auto const sums = [&](index_t i) {
            return space.sums_of(p + i - panels.begin, t - band.begin);
          };
          if (p == panels.begin && b + some == blocks)
            fetch(t);
          if (count == 2 && tile_sizes[size] == largest_tile) {
            Kernels::two_panels(
                {space.decoded, some, x, {sums(0), sums(1)}, {next, next + panel_bytes}});
            continue;
          }
          for (index_t i = 0; i < count; ++i)
            Kernels::blocks[size](space.decoded + i * some * Kernels::decoded_block, some, x,
                                  sums(i), next + i * panel_bytes);
        }
      }
    }
  }

  /// Brings a tile of outputs into the cache: rows of y are often far apart, each its own miss.
  template <Real Y>
  static void fetch(MatrixView<Y> y, index_t first_col, index_t cols, index_t first_row,
                    index_t rows) noexcept {
    constexpr index_t in_line = PanelLayout::line / static_cast<index_t>(sizeof(Y));
    cols = (std::min)(cols, y.shape.cols - first_col);
    for (index_t r = 0; r < rows; ++r) {
      Y const* const from = y.row(first_row + r) + first_col;
      for (index_t c = 0; c < cols; c += in_line) fetch_to_write(from + c);
      fetch_to_write(from + cols - 1);
    }
  }
  /// Written out since a compiler for any x86-64 takes the instruction for reading instead.
  template <Real Y>
  static void fetch_to_write(Y const* from) noexcept {
    asm volatile("prefetchw %0" : : "m"(*from));
  }

  /// A tile's outputs of some panels.
  template <Real Y, Epilogue E>
  static void store(Workspace& space, IndexRange panels, index_t tile, index_t rows,
                    index_t first_row, MatrixView<Y> y, E const& epilogue) noexcept {
    for (index_t r = 0; r < rows; ++r) {
      for (index_t p = panels.begin; p < panels.end; ++p) {
        index_t const col = p * PanelLayout::lanes;
        float const* const from = space.sums_of(p - panels.begin, tile) + r * PanelLayout::lanes;
        auto const store_columns = [&](auto cols) {
          Y out[PanelLayout::lanes];
          for (index_t c = 0; c < cols; ++c)
            out[c] = from_float<Y>(epilogue(from[c], first_row + r, col + c));
          std::copy_n(out, static_cast<index_t>(cols), y.row(first_row + r) + col);
        };
        if (y.shape.cols - col >= PanelLayout::lanes) {
          store_columns(std::integral_constant<index_t, PanelLayout::lanes>{});
        } else {
          store_columns(y.shape.cols - col);
        }
      }
    }
  }
};

}  // namespace qfmt::x86
