// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The walk of a block over its row, with a source and a target that only count: every vector is read
// once and written once, by whole warps, whatever the length of the row.

#include <doctest/doctest.h>
#include <support/emulated_threads.hpp>
#include <vector>

#include <qfmt/cuda/tensor/row_kernel.cuh>

#include <cuda/tensor/count_writes.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

struct CountReads {
  using Element = float;
  static constexpr bool normalizes = true;
  Shape matrix;
  int* reads;     // for each vector
  int* normings;  // for each column's first vector: with the factor that all threads were given

  Shape shape() const { return matrix; }
  cuda::RowVector<float> read(index_t row, index_t col) const {
    ++reads[(row * matrix.cols + col) / cuda::vector_size];
    cuda::RowVector<float> x;
    x.set(0, 1.0f);
    return x;
  }
  cuda::RowVector<float> read_again(index_t, index_t) const {
    cuda::RowVector<float> x;
    x.set(0, 1.0f);
    return x;
  }
  static float add_squares(float sum, cuda::RowVector<float> const& x) { return sum + x[0]; }
  float factor(float sum) const { return sum; }
  cuda::RowVector<float> normalize(cuda::RowVector<float> x, index_t col, float factor) const {
    if (col < matrix.cols && factor * cuda::vector_size == static_cast<float>(matrix.cols))
      ++normings[col / cuda::vector_size];
    return x;
  }
};

using Target = CountWrites<false>;
using Kernel = cuda::RowKernel<CountReads, Target>;

}  // namespace

TEST_CASE("cuda: every vector of a row is read once and written once") {
  for (index_t const cols : {8, 256, 520, 2048, 14336, 14344, 40000}) {
    Shape const matrix{2, cols};
    std::vector<int> reads(static_cast<std::size_t>(matrix.size() / 8));
    std::vector<int> normings(static_cast<std::size_t>(cols / 8));
    std::vector<int> writes(static_cast<std::size_t>(3 * (cols + 40) / 8));
    Kernel const kernel{{matrix, reads.data(), normings.data()}, {writes.data()}};
    REQUIRE(EmulatedThreads::launch(kernel, {3, 1}, Kernel::threads(cols), Order::shuffled));
    INFO(cols);
    CHECK(reads == std::vector<int>(reads.size(), 1));
    CHECK(normings == std::vector<int>(normings.size(), 2));
    CHECK(writes == std::vector<int>(writes.size(), 1));
  }
}

TEST_CASE("cuda: threads for a row are whole warps, and depend on its length alone") {
  CHECK(Kernel::threads(1) == 32);
  CHECK(Kernel::threads(512) == 32);
  CHECK(Kernel::threads(513) == 64);
  CHECK(Kernel::threads(4096) == 256);
  CHECK(Kernel::threads(14336) == 896);
  CHECK(Kernel::threads(index_t{1} << 40) == 896);
}
