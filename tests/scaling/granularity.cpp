// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/granularity_laws.hpp>

#include <qfmt/scaling/granularity.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

template <index_t Rows, index_t Cols>
void check_tiling() {
  expect_held(laws::tiles_cover<Tiling<Rows, Cols>>(Rows, Cols));
  expect_held(laws::rows_are_padded<Tiling<Rows, Cols>>(Cols));
}

// Negative controls: what people get wrong.
struct Transposed : PerGroup<8> {
  static constexpr index_t scale_index(index_t row, index_t col, index_t scale_cols) noexcept {
    return PerGroup<8>::scale_index(row, col, scale_cols) == 0 ? 0 : col / 8 * 3 + row;
  }
};
struct ForgetsTheTail : PerGroup<8> {
  static constexpr Shape scale_shape(Shape matrix) noexcept {
    return {matrix.rows, matrix.cols / 8};
  }
};
struct NextGroup : PerGroup<8> {
  static constexpr index_t scale_index(index_t row, index_t col, index_t scale_cols) noexcept {
    return row * scale_cols + (col / 8 + 1) % scale_cols;
  }
};
struct NotPadded : PerGroup<8> {
  static constexpr index_t padded_cols(index_t cols) noexcept { return cols; }
};

}  // namespace

TEST_CASE("every granularity maps elements to scales exactly, at ragged edges too") {
  check_tiling<whole, whole>();
  check_tiling<1, whole>();
  check_tiling<whole, 1>();
  check_tiling<1, 1>();
  check_tiling<1, 8>();
  check_tiling<1, 16>();
  check_tiling<1, 32>();
  check_tiling<1, 128>();
  check_tiling<2, 2>();
  check_tiling<3, 7>();
  check_tiling<16, 16>();
  check_tiling<128, 128>();
  check_tiling<4, whole>();
}

TEST_CASE("sabotaged granularities violate a law") {
  expect_violated(laws::tiles_cover<Transposed>(1, 8));
  expect_violated(laws::tiles_cover<ForgetsTheTail>(1, 8));
  expect_violated(laws::tiles_cover<NextGroup>(1, 8));
  expect_violated(laws::tiles_cover<PerGroup<16>>(1, 8));
  expect_violated(laws::tiles_cover<PerTensor>(1, whole));
  expect_violated(laws::rows_are_padded<NotPadded>(8));
}

TEST_CASE("the named granularities are tilings") {
  static_assert(is_same_v<PerTensor, Tiling<0, 0>>);
  static_assert(is_same_v<PerChannel, Tiling<1, 0>>);
  static_assert(is_same_v<PerToken, PerChannel>);
  static_assert(is_same_v<PerGroup<128>, Tiling<1, 128>>);
  static_assert(is_same_v<PerBlock<128, 128>, Tiling<128, 128>>);
  static_assert(Granularity<PerBlock<3, 5>> && !Granularity<int>);
  CHECK(PerGroup<16>::scale_shape({4096, 4096}) == Shape{4096, 256});
  CHECK(PerGroup<16>::scale_index(1, 16, 256) == 257);
  CHECK(PerBlock<128, 128>::scale_shape({300, 256}) == Shape{3, 2});
  CHECK(PerBlock<128, 128>::scale_index(299, 255, 2) == 5);
  CHECK(PerTensor::scale_shape({7, 9}) == Shape{1, 1});
}
