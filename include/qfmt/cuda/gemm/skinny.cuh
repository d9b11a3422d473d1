// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/gemm/product.cuh>

namespace qfmt::cuda {

/// For few tokens, where the weights' way from memory is the time: each warp streams tiles of its own
/// straight into registers, the next ones on their way while one is multiplied. The warps of a block
/// share rows and divide K among them, tile by tile; so do `splits` blocks, where rows are too few
/// to fill the machine. Sums are added in a fixed order.
///
///     block       16 or 32 rows, 8 * TokenTiles tokens, K / splits columns
///     warp w      tiles w, w + 8, w + 16, ... of these columns
template <class P, int TokenTiles>
struct Skinny {
  using Sum = typename P::Sum;
  using S = typename P::Scheme;
  using T = typename P::Element;
  static constexpr int warps = 8;
  static constexpr int max_threads = warps * warp_size;
  /// On a multiprocessor: at most 128 registers, or 255 where four octets of sums and tokens need them.
  static constexpr int min_blocks = TokenTiles == 4 ? 1 : 2;
  /// Two row tiles halve the reading of tokens; they are where registers suffice for both.
  static constexpr int row_tiles = TokenTiles > 1 && (P::Traits::scale_use == ScaleUse::Weights ||
                                                      sizeof(T) == 1)
                                       ? 2
                                       : 1;
  /// Stages on their way, as many as registers suffice for.
  static constexpr int ahead_of_few = S::Format::bits == 8                        ? 2
                                      : P::Traits::scale_use == ScaleUse::Weights ? 4
                                                                                  : 3;
  static constexpr int ahead = TokenTiles == 1                     ? ahead_of_few
                               : TokenTiles == 2 && row_tiles == 2 ? 1
                                                                   : 2;
  static constexpr int rows = 16 * row_tiles;
  static constexpr int tokens = 8 * TokenTiles;
  static constexpr ReadOrder order = P::Traits::order;

  /// Four words more in a row: then the lanes of a warp write to 32 different banks.
  struct Shared {
    Sum sums[size_t{warps}][size_t{tokens}][size_t{rows + 4}];
  };
  /// A tile of each row tile, on its way.
  struct Stage {
    WeightWords<S::Format::bits> words[size_t{row_tiles}];
    WeightScales<S, T> scales[size_t{row_tiles}];
  };

  P product;

  /// `token_blocks`: how many blocks share the tokens (of an expert, where there are experts).
  [[nodiscard]] Grid grid(index_t token_blocks) const noexcept {
    index_t const parts = product.experts.count > 0 ? product.experts.count : product.splits;
    return {static_cast<unsigned>(ceil_div(product.y.shape.cols, rows)),
            static_cast<unsigned>(parts * token_blocks)};
  }

  QFMT_ANY_CALLEE template <class Threads>
  QFMT_HOST_DEVICE void operator()(Shared& shared) const {
    int const lane = Threads::thread() % warp_size;
    int const warp = Threads::thread() / warp_size;
    auto const task = product.task(static_cast<int>(Threads::block_y()),
                                   static_cast<int>(Threads::blocks_y()), tokens);
    int const tiles = static_cast<int>(task.w.layout().tiles());
    int const begin = static_cast<int>(index_t{tiles} * task.split / product.splits);
    int const end = static_cast<int>(index_t{tiles} * (task.split + 1) / product.splits);
    // Below it, tiles have all 64 columns and rows of tokens are vectors.
    int const all = static_cast<int>(product.x.shape.cols / 64);
    int const whole_end = !product.x.vectors ? begin : all < end ? all : end;
    int const last = static_cast<int>(task.w.layout().row_blocks()) - 1;
    int const block = static_cast<int>(Threads::block_x()) * row_tiles;
    WeightRows<S, T> const weights[2] = {{task.w, block, lane},
                                         {task.w, block + 1 < last ? block + 1 : last, lane}};
    static_assert(row_tiles <= 2);

    for (int first = task.first; first < task.end; first += task.step) {
      index_t start[size_t{TokenTiles}];
      for (int t = 0; t < TokenTiles; ++t)
        start[t] = token_start(product.x, first + 8 * t, task.end, lane);
      SumRegisters<Sum> sums[size_t{row_tiles}][size_t{TokenTiles}]{};
      auto const read = [&](Stage& stage, int tile) {
        if (tile >= end)
          return;
        for (int r = 0; r < row_tiles; ++r) {
          stage.words[r] = weights[r].words(tile);
          stage.scales[r] = weights[r].scales_of(tile);
        }
      };
      Stage next[size_t{ahead}];
      int tile = begin + warp;
      for (int i = 0; i < ahead; ++i) read(next[i], tile + i * warps);
      // Rounds in which every stage keeps its registers: nothing waits for what is on its way.
      for (; tile + (ahead - 1) * warps < whole_end; tile += ahead * warps) {
        unrolled<ahead>([&](int i) {
          int const now = tile + i * warps;
          WeightTile<S, T> w[size_t{row_tiles}];
          for (int r = 0; r < row_tiles; ++r)
            w[r] = weight_tile<S, T>(next[i].words[r], next[i].scales[r], task.w.global);
          read(next[i], now + ahead * warps);
          for (int t = 0; t < TokenTiles; ++t) {
            auto const x = read_tokens<order, true>(product.x, start[t], now, lane);
            for (int r = 0; r < row_tiles; ++r) multiply<Threads>(sums[r][t], w[r], x);
          }
        });
      }
      // What is left of a round, the last columns, and tokens that are no vectors.
      for (; tile < end; tile += warps) {
        WeightTile<S, T> w[size_t{row_tiles}];
        for (int r = 0; r < row_tiles; ++r)
          w[r] = weight_tile<S, T>(next[0].words[r], next[0].scales[r], task.w.global);
        for (int i = 0; i + 1 < ahead; ++i) next[i] = next[i + 1];
        read(next[ahead - 1], tile + ahead * warps);
        for (int t = 0; t < TokenTiles; ++t) {
          auto const x = read_tokens<order, false>(product.x, start[t], tile, lane);
          for (int r = 0; r < row_tiles; ++r) multiply<Threads>(sums[r][t], w[r], x);
        }
      }
      for (int r = 0; r < row_tiles; ++r)
        for (int t = 0; t < TokenTiles; ++t)
          for (int i = 0; i < 4; ++i)
            shared.sums[warp][8 * t + lane % 4 * 2 + i % 2][16 * r + lane / 4 + i / 2 * 8] =
                sums[r][t].r[i];
      Threads::sync();
      for (int e = Threads::thread(); e < rows * tokens; e += max_threads) {
        int const m = first + e / rows;
        int const n = static_cast<int>(Threads::block_x()) * rows + e % rows;
        if (m >= task.end || n >= product.y.shape.cols)
          continue;
        Sum sum{};
        for (int w = 0; w < warps; ++w) sum += shared.sums[w][e / rows][e % rows];
        product.put(task, sum, m, n);
      }
      Threads::sync();
    }
  }
};

}  // namespace qfmt::cuda
