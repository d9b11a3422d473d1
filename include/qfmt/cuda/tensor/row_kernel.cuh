// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/ptx/threads.cuh>
#include <qfmt/cuda/tensor/quantized_rows.cuh>

namespace qfmt::cuda {

/// A block of threads for each row, for what needs the whole row: a scale for it, or its norm. Each
/// thread keeps two vectors in registers; of rows longer than 14336 the rest is read again.
template <class Source, class Target>
struct RowKernel {
  using T = typename Source::Element;
  static constexpr int max_threads = 896;  // which leaves each 72 registers
  static constexpr int kept = 2;
  struct Shared {
    uint32_t sum[32];
    uint32_t largest[32];
  };

  Source source;
  Target target;

  /// A function of K alone, as sums depend on it.
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr int threads(index_t cols) noexcept {
    index_t const wanted = round_up(ceil_div(cols, kept * vector_size), warp_size);
    return static_cast<int>(wanted < max_threads ? wanted : max_threads);
  }

  QFMT_ANY_CALLEE template <class Threads>
  QFMT_HOST_DEVICE void operator()(Shared& shared) const noexcept {
    Shape const matrix = source.shape();
    index_t const row = Threads::block_x();
    index_t const first = index_t{Threads::thread()} * vector_size;
    index_t const stride = index_t{Threads::threads()} * vector_size;
    auto const inside = [&](index_t col) { return row < matrix.rows && col < matrix.cols; };

    RowVector<T> x[kept];
    unrolled<kept>([&](int i) {
      if (inside(first + i * stride))
        x[i] = source.read(row, first + i * stride);
    });
    float factor = 1.0f;
    if constexpr (Source::normalizes) {
      float sum = 0.0f;
      unrolled<kept>([&](int i) { sum = Source::add_squares(sum, x[i]); });
      for (index_t col = first + kept * stride; inside(col); col += stride)
        sum = Source::add_squares(sum, source.read(row, col));
      factor = source.factor(over_block_sum<Threads>(sum, shared.sum));
      unrolled<kept>([&](int i) { x[i] = source.normalize(x[i], first + i * stride, factor); });
    }
    // What the registers did not hold, once more.
    auto const again = [&](index_t col) {
      RowVector<T> h;
      if (inside(col)) {
        h = source.read_again(row, col);
        if constexpr (Source::normalizes)
          h = source.normalize(h, col, factor);
      }
      return h;
    };

    if constexpr (Target::scales_rows) {
      uint32_t largest = 0;
      unrolled<kept>([&](int i) { largest = larger(largest, largest_magnitude(widen<T>(x[i]))); });
      for (index_t col = first + kept * stride; inside(col); col += stride)
        largest = larger(largest, largest_magnitude(widen<T>(again(col))));
      largest = over_block<Threads>(largest, 0, shared.largest, larger);
      typename Target::template Encoder<T> const encoder{largest};
      unrolled<kept>([&](int i) {
        if (inside(first + i * stride))
          target.template write<T>(encoder, matrix, row, first + i * stride, x[i]);
      });
      for (index_t col = first + kept * stride; inside(col); col += stride)
        target.template write<T>(encoder, matrix, row, col, again(col));
      if (first == 0)
        target.out.scales[row] = encoder.scale();
    } else {
      // The same turns for all threads, as lanes exchange what they have.
      index_t const end = Target::padded(matrix).cols;
      unrolled<kept>([&](int i) {
        if (i * stride < end)
          target.template write<Threads, T>(matrix, row, first + i * stride, x[i]);
      });
      for (index_t begin = kept * stride; begin < end; begin += stride)
        target.template write<Threads, T>(matrix, row, first + begin, again(first + begin));
    }
  }

 private:
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr uint32_t larger(uint32_t a, uint32_t b) noexcept {
    return a > b ? a : b;
  }
  QFMT_ANY_CALLEE template <class Threads>
  [[nodiscard]] QFMT_HOST_DEVICE static float over_block_sum(float sum,
                                                             uint32_t* partial) noexcept {
    auto const add = [](uint32_t a, uint32_t b) {
      return bit_cast<uint32_t>(ptx::add(bit_cast<float>(a), bit_cast<float>(b)));
    };
    return bit_cast<float>(over_block<Threads>(bit_cast<uint32_t>(sum), 0, partial, add));
  }
};

#if defined(__CUDACC__) && !defined(__CUDACC_RTC__)

/// Checks the arguments and starts a RowKernel.
template <class Source, class Target>
Status quantize_by_rows(Source const& source, Target const& target, cudaStream_t stream) {
  Shape const matrix = source.shape();
  if (Status const status = source.check(); status != Status::ok)
    return status;
  if (Status const status = target.check(matrix); status != Status::ok)
    return status;
  index_t const rows = Target::padded(matrix).rows;
  if (matrix.size() == 0)
    return Status::ok;
  if (rows > 0x7FFFFFFF)
    return Status::size_unsupported;
  using Kernel = RowKernel<Source, Target>;
  return launch(Kernel{source, target}, {static_cast<unsigned>(rows), 1},
                Kernel::threads(matrix.cols), stream);
}

#endif

}  // namespace qfmt::cuda
