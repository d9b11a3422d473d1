// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The walk of a grid over a matrix, with a source and a target that only count: every vector is read
// once, and written once with its padding, by whole warps, however many blocks there are.

#include <doctest/doctest.h>
#include <support/emulated_threads.hpp>
#include <vector>

#include <qfmt/cuda/tensor/vector_kernel.cuh>

#include <cuda/tensor/count_writes.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

struct CountReads {
  using Element = float;
  static constexpr bool normalizes = false;
  Shape matrix;
  int* reads;  // for each vector

  Shape shape() const { return matrix; }
  cuda::RowVector<float> read(index_t row, index_t col) const {
    ++reads[(row * matrix.cols + col) / cuda::vector_size];
    cuda::RowVector<float> x;
    x.set(0, static_cast<float>(row * matrix.cols + col + 1));
    return x;
  }
};

using Target = CountWrites<true>;
using Kernel = cuda::VectorKernel<CountReads, Target>;

}  // namespace

TEST_CASE("cuda: every vector of a matrix is read once and written once") {
  for (index_t const cols : {8, 256, 2008, 2048, 4104}) {
    for (unsigned const down : {1u, 2u, 6u}) {
      Shape const matrix{4, cols};
      std::vector<int> reads(static_cast<std::size_t>(matrix.size() / 8));
      std::vector<int> writes(static_cast<std::size_t>(5 * (cols + 40) / 8));
      Kernel const kernel{{matrix, reads.data()}, {writes.data()}};
      unsigned const across = Kernel::grid(Target::padded(matrix)).x;
      REQUIRE(EmulatedThreads::launch(kernel, {across, down}, 256, Order::shuffled));
      INFO(cols << " columns, " << down << " blocks down");
      CHECK(reads == std::vector<int>(reads.size(), 1));
      CHECK(writes == std::vector<int>(writes.size(), 1));
    }
  }
}

TEST_CASE("cuda: a grid reaches over all columns, and is no larger than a few rounds") {
  CHECK(Kernel::grid({1, 1}).x == 1);
  CHECK(Kernel::grid({1, 1}).y == 1);
  CHECK(Kernel::grid({7, 2048}).x == 1);
  CHECK(Kernel::grid({7, 2049}).x == 2);
  CHECK(Kernel::grid({7, 2049}).y == 4);
  CHECK(Kernel::grid({1 << 20, 4096}).y == 4096);
}
