// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/gemm/machine.cuh>
#include <qfmt/cuda/gemm/weight_registers.cuh>
#include <qfmt/cuda/ptx/arithmetic.cuh>
#include <qfmt/gemm/epilogue.hpp>

// What the kernels share: the task, the way from a sum to an output, and the multiplication of a
// tile. An accumulator has the rows of weights down and the tokens across.

namespace qfmt::cuda {

/// The weights of a mixture of experts, all of one shape. Tokens are sorted by expert: those of expert
/// e are rows [first[e], first[e + 1]) of x and y. Both arrays lie on the device.
template <Packable S>
struct Experts {
  Shape shape;                             // (N, K), of each
  PackedView<S> const* weights = nullptr;  // (count)
  int32_t const* first = nullptr;          // (count + 1)
  int count = 0;
};

/// y = epilogue(x * w^T): the arguments of a kernel.
template <Packable S, class T, Real Y, Epilogue E>
struct Product {
  using Scheme = S;
  using Element = T;
  using Sum = SumOf<T>;
  using Traits = WeightTraits<S, T>;

  Tokens<T> x;
  PackedView<S> w;
  MatrixView<Y> y;
  [[no_unique_address]] E epilogue;
  int splits = 1;          // parts of K, each of which writes partial sums
  Sum* partial = nullptr;  // (splits, M, N)
  Experts<S> experts{};

  /// What a block does: a part of K for a part of the tokens, [first, end) in steps.
  struct Task {
    PackedView<S> w;
    int split = 0;
    int first = 0;
    int end = 0;
    int step = 1;
  };
  /// The task of block `at` of `of` along the grid's second axis, where a block takes `tokens` at a
  /// time. Neighbouring blocks are parts of K, or experts.
  [[nodiscard]] QFMT_HOST_DEVICE Task task(int at, int of, int tokens) const noexcept {
    int const parts = experts.count > 0 ? experts.count : splits;
    int const part = at % parts;
    Task out{w, 0, 0, static_cast<int>(x.shape.rows), of / parts * tokens};
    if (experts.count > 0) {
      out.w = experts.weights[part];
      out.first = experts.first[part] < 0 ? 0 : experts.first[part];
      out.end = experts.first[part + 1] < out.end ? experts.first[part + 1] : out.end;
    } else {
      out.split = part;
    }
    out.first += at / parts * tokens;
    return out;
  }

  /// The output's value of a sum that is whole. No product of it becomes part of an epilogue's addition.
  [[nodiscard]] QFMT_HOST_DEVICE float value(PackedView<S> const& weights, Sum sum, index_t m,
                                             index_t n) const noexcept {
    if constexpr (Traits::scale_use == ScaleUse::Weights) {
      return ptx::divide(ptx::multiply(sum, Traits::sum_factor), weights.global.encode_scale);
    } else if constexpr (Traits::scale_use == ScaleUse::Rows) {
      float const scale = S::Policy::effective(weights.stored_scale(n, 0), weights.global);
      return ptx::multiply(ptx::multiply(static_cast<float>(sum), scale), x.scale(m));
    } else {
      return sum;
    }
  }
  QFMT_HOST_DEVICE void store(PackedView<S> const& weights, Sum sum, index_t m,
                              index_t n) const noexcept {
    y(m, n) = from_float<Y>(epilogue(value(weights, sum, m, n), m, n));
  }
  /// The sum over a part of K.
  QFMT_HOST_DEVICE void put(Task const& task, Sum sum, index_t m, index_t n) const noexcept {
    if (partial != nullptr) {
      partial[(task.split * y.shape.rows + m) * y.shape.cols + n] = sum;
    } else {
      store(task.w, sum, m, n);
    }
  }
};

/// Where the row of a lane's token begins in x.data, for 8 tokens from `first` on. In place of tokens
/// from `end` on stands the last one: it reaches columns of the sums that nobody stores.
template <class T>
[[nodiscard]] QFMT_HOST_DEVICE inline index_t token_start(Tokens<T> const& x, int first, int end,
                                                          int lane) noexcept {
  int const m = first + lane / 4;
  return (m < end ? m : end - 1) * x.stride;
}
/// A lane's registers of that token for one tile, from global memory. `Whole`: the tile has all 64
/// columns, and rows are vectors; else columns from K on are zeros.
template <ReadOrder Order, bool Whole, class T>
[[nodiscard]] QFMT_HOST_DEVICE inline TokenRegisters<T> read_tokens(Tokens<T> const& x,
                                                                    index_t start, int tile,
                                                                    int lane) noexcept {
  T const* const from = x.data + (start + index_t{tile} * 64);
  if constexpr (Whole) {
    return token_registers<Order>(from, lane % 4);
  } else {
    return token_registers<Order>(from, static_cast<int>(x.shape.cols) - tile * 64, lane % 4,
                                  x.vectors);
  }
}

/// sums += weights * tokens: 16 rows, 8 tokens, 64 columns.
QFMT_ANY_CALLEE template <class Threads, Packable S, class T>
QFMT_HOST_DEVICE void multiply(SumRegisters<SumOf<T>>& sums, WeightTile<S, T> const& w,
                               TokenRegisters<T> const& x) noexcept {
  using Traits = WeightTraits<S, T>;
  using Cores = Machine<Threads>;
  if constexpr (Traits::scale_use == ScaleUse::Sums) {
    for (int i = 0; i < Traits::scales; ++i) {
      SumRegisters<float> part{};
      for (int j = 0; j < Traits::steps_per_scale; ++j) {
        int const step = i * Traits::steps_per_scale + j;
        Cores::template multiply<T>(part, w.left[step], x.word[step], x.word[step + 4]);
      }
      for (int r = 0; r < 4; ++r)
        sums.r[r] = ptx::multiply_add(w.scale[i][r / 2], part.r[r], sums.r[r]);
    }
  } else {
    for (int step = 0; step < Traits::steps; ++step) {
      int const word = sizeof(T) == 1 ? 2 * step : step;
      Cores::template multiply<T>(sums, w.left[step], x.word[word],
                                  x.word[word + (sizeof(T) == 1 ? 1 : 4)]);
    }
  }
}

/// Adds the parts of K, first to last, and finishes: a thread for each output.
template <class P>
struct AddSplits {
  static constexpr int max_threads = 256;
  struct Shared {};
  P product;

  [[nodiscard]] Grid grid() const noexcept {
    return {static_cast<unsigned>(ceil_div(product.y.shape.cols, max_threads)),
            static_cast<unsigned>(product.y.shape.rows)};
  }
  template <class Threads>
  QFMT_HOST_DEVICE void operator()(Shared&) const {
    index_t const m = Threads::block_y();
    index_t const n = index_t{Threads::block_x()} * max_threads + Threads::thread();
    Shape const y = product.y.shape;
    if (n >= y.cols)
      return;
    typename P::Sum sum{};
    for (int split = 0; split < product.splits; ++split)
      sum += product.partial[(split * y.rows + m) * y.cols + n];
    product.store(product.w, sum, m, n);
  }
};

}  // namespace qfmt::cuda
