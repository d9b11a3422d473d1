// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <type_traits>

#include <qfmt/core/matrix_view.hpp>

TEST_CASE("element (r, c) is data[r * stride + c]") {
  int numbers[12];
  for (int i = 0; i < 12; ++i) numbers[i] = i;

  qfmt::MatrixView<int> const dense{numbers, {3, 4}};
  CHECK(dense.stride == 4);
  CHECK(&dense(2, 3) == numbers + 11);

  qfmt::MatrixView<int> const left_part{numbers, {3, 2}, 4};
  CHECK(left_part(0, 0) == 0);
  CHECK(left_part(1, 1) == 5);
  CHECK(left_part(2, 0) == 8);
  CHECK(left_part.row(2) == numbers + 8);

  left_part(1, 1) = 50;
  CHECK(numbers[5] == 50);
}

TEST_CASE("a view that may write converts to one that may only read, not the other way round") {
  static_assert(std::is_convertible_v<qfmt::MatrixView<float>, qfmt::MatrixView<float const>>);
  static_assert(!std::is_convertible_v<qfmt::MatrixView<float const>, qfmt::MatrixView<float>>);
  float numbers[6] = {};
  qfmt::MatrixView<float> const all{numbers, {2, 2}, 3};
  qfmt::MatrixView<float const> const same = all;
  CHECK(same.data == numbers);
  CHECK(same.shape == qfmt::Shape{2, 2});
  CHECK(same.stride == 3);
}

TEST_CASE("a view is a plain value and is empty by default") {
  static_assert(std::is_trivially_copyable_v<qfmt::MatrixView<float>>);
  constexpr qfmt::MatrixView<float> nothing;
  CHECK(nothing.data == nullptr);
  CHECK(nothing.shape.size() == 0);
}
