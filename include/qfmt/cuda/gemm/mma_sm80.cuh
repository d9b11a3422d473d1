// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/gemm/product.cuh>

namespace qfmt::cuda {

/// For many tokens, on every architecture from sm_80 on: tiles of weights and tokens are copied to
/// shared memory asynchronously, some stages ahead; each warp makes registers of its own weights
/// once and multiplies all tokens of the block by them.
///
///     block   128 rows, 64 tokens, all of K
///     warp    32 rows, 64 tokens
///
/// Stages: how many tiles are in shared memory at once; 0 for as many as fit into the 48 KB that a
/// kernel has without asking. (launch() asks for more, where a device has them.)
template <class P, int Stages = 0>
struct MmaSm80 {
  using Sum = typename P::Sum;
  using S = typename P::Scheme;
  using T = typename P::Element;
  using Tile = PackedTile<S::Format::bits>;
  static constexpr int warps = 4;
  static constexpr int max_threads = warps * warp_size;
  static constexpr int min_blocks = 2;
  static constexpr int row_tiles = 2;
  static constexpr int row_blocks = warps * row_tiles;
  static constexpr int rows = 16 * row_blocks;
  static constexpr int token_tiles = 8;
  static constexpr int tokens = 8 * token_tiles;
  static constexpr ReadOrder order = P::Traits::order;

  /// A token's row, of 16-bit elements 16 bytes longer than it is: so no two lanes that read at once
  /// meet in a bank, in either order.
  static constexpr int token_bytes = sizeof(T) == 2 ? 128 + 16 : 64;
  struct Stage {
    alignas(16) uint8_t weights[size_t{row_blocks}][size_t{Tile::bytes}];
    alignas(16) uint8_t x[size_t{tokens}][size_t{token_bytes}];
  };
  static constexpr int stages = Stages > 0 ? Stages : static_cast<int>(48 * 1024 / sizeof(Stage));
  static_assert(stages >= 2);
  union Shared {
    Stage stage[size_t{stages}];
    Sum sums[size_t{tokens}][size_t{rows + 4}];
  };

  P product;

  [[nodiscard]] Grid grid(index_t token_blocks) const noexcept {
    index_t const parts = product.experts.count > 0 ? product.experts.count : 1;
    return {static_cast<unsigned>(ceil_div(product.y.shape.cols, rows)),
            static_cast<unsigned>(parts * token_blocks)};
  }

  QFMT_ANY_CALLEE template <class Threads>
  QFMT_HOST_DEVICE void operator()(Shared& shared) const {
    using Cores = Machine<Threads>;
    int const lane = Threads::thread() % warp_size;
    int const warp = Threads::thread() / warp_size;
    auto const task = product.task(static_cast<int>(Threads::block_y()),
                                   static_cast<int>(Threads::blocks_y()), tokens);
    int const tiles = static_cast<int>(task.w.layout().tiles());
    int const last = static_cast<int>(task.w.layout().row_blocks()) - 1;
    int const first_block = static_cast<int>(Threads::block_x()) * row_blocks;
    auto const inside = [&](int block) { return block < last ? block : last; };
    WeightRows<S, T> const weights[row_tiles] = {
        {task.w, inside(first_block + warp * row_tiles), lane},
        {task.w, inside(first_block + warp * row_tiles + 1), lane}};
    static_assert(row_tiles == 2);

    for (int first = task.first; first < task.end; first += task.step) {
      auto const copy = [&](int tile) {
        if (tile < tiles)
          copy_tile<Threads>(shared.stage[tile % stages], task, first, tile, first_block, last);
        Cores::commit_copies();
      };
      SumRegisters<Sum> sums[row_tiles][token_tiles]{};
      WeightScales<S, T> next[row_tiles];
      for (int i = 0; i < stages - 1; ++i) copy(i);
      if (tiles > 0) {
        for (int r = 0; r < row_tiles; ++r) next[r] = weights[r].scales_of(0);
      }

      for (int tile = 0; tile < tiles; ++tile) {
        Cores::template wait_for_copies<stages - 2>();
        Threads::sync();  // all threads' copies are there; the stage copied to next is free
        copy(tile + stages - 1);
        Stage const& now = shared.stage[tile % stages];
        WeightTile<S, T> w[row_tiles];
        for (int r = 0; r < row_tiles; ++r) {
          auto const words =
              weight_words<S::Format::bits, order, false>(now.weights[warp * row_tiles + r], lane);
          w[r] = weight_tile<S, T>(words, next[r], task.w.global);
          next[r] = weights[r].scales_of(tile + 1 < tiles ? tile + 1 : tile);
        }
        for (int t = 0; t < token_tiles; ++t) {
          auto const* const row = reinterpret_cast<T const*>(now.x[8 * t + lane / 4]);
          auto const x = token_registers<order>(row, lane % 4);
          for (int r = 0; r < row_tiles; ++r) multiply<Threads>(sums[r][t], w[r], x);
        }
      }

      Threads::sync();  // the stages become room for the sums
      for (int r = 0; r < row_tiles; ++r)
        for (int t = 0; t < token_tiles; ++t)
          for (int i = 0; i < 4; ++i)
            shared.sums[8 * t + lane % 4 * 2 + i % 2]
                       [16 * (warp * row_tiles + r) + lane / 4 + i / 2 * 8] = sums[r][t].r[i];
      Threads::sync();
      for (int e = Threads::thread(); e < rows * tokens; e += max_threads) {
        int const m = first + e / rows;
        int const n = static_cast<int>(Threads::block_x()) * rows + e % rows;
        if (m < task.end && n < product.y.shape.cols)
          product.store(task.w, shared.sums[e / rows][e % rows], m, n);
      }
      Threads::sync();
    }
  }

 private:
  /// A thread's part of the copies of a tile's weights and tokens.
  QFMT_ANY_CALLEE template <class Threads>
  QFMT_HOST_DEVICE void copy_tile(Stage& to, typename P::Task const& task, int first, int tile,
                                  int first_block, int last) const {
    using Cores = Machine<Threads>;
    constexpr int of_block = Tile::bytes / 16;  // 16-byte pieces
    for (int piece = Threads::thread(); piece < row_blocks * of_block; piece += max_threads) {
      int const i = piece / of_block;
      int const block = first_block + i < last ? first_block + i : last;
      int const at = piece % of_block * 16;
      Cores::copy_async(to.weights[i] + at, task.w.data + task.w.layout().tile_at(block, tile) + at,
                        16);
    }
    // Tokens: 16 bytes at a time, or one element where rows do not start at multiples of 16 bytes.
    int const left = static_cast<int>(product.x.shape.cols) - tile * 64;
    int const step = product.x.vectors ? 16 / static_cast<int>(sizeof(T)) : 1;
    for (int i = Threads::thread() * step; i < tokens * 64; i += max_threads * step) {
      int const m = first + i / 64;
      int const col = i % 64;
      int const there = m >= task.end || left <= col ? 0 : left - col < step ? left - col : step;
      T const* const from =
          there > 0 ? product.x.row(m) + index_t{tile} * 64 + col : product.x.data;
      uint8_t* const target = to.x[i / 64] + col * static_cast<int>(sizeof(T));
      if (product.x.vectors) {
        Cores::copy_async(target, from, there * static_cast<int>(sizeof(T)));
      } else {
        detail::store_as(target, there > 0 ? *from : T{});
      }
    }
  }
};

}  // namespace qfmt::cuda
