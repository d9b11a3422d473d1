// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/shape.hpp>

namespace qfmt {

/// A matrix that somebody else owns: element (r, c) is `data[r * stride + c]`.
/// Trivially copyable; the same on host and device. `stride` counts elements and is at least the
/// number of columns.
template <class T>
struct MatrixView {
  T* data = nullptr;
  Shape shape;
  index_t stride = 0;

  constexpr MatrixView() noexcept = default;
  QFMT_HOST_DEVICE constexpr MatrixView(T* first, Shape s) noexcept
      : data{first}, shape{s}, stride{s.cols} {}
  QFMT_HOST_DEVICE constexpr MatrixView(T* first, Shape s, index_t row_stride) noexcept
      : data{first}, shape{s}, stride{row_stride} {}

  /// A view that may write is also one that may read.
  // clang-format off
  template <class U>
    requires is_same_v<U const, T>
  QFMT_HOST_DEVICE constexpr MatrixView(MatrixView<U> const& other) noexcept
      : data{other.data}, shape{other.shape}, stride{other.stride} {}
  // clang-format on

  QFMT_HOST_DEVICE constexpr T& operator()(index_t row, index_t col) const noexcept {
    return data[row * stride + col];
  }
  QFMT_HOST_DEVICE constexpr T* row(index_t r) const noexcept { return data + r * stride; }
};

}  // namespace qfmt
