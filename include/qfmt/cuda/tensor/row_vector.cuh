// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/core/status.hpp>
#include <qfmt/cuda/formats/vectors.cuh>
#include <qfmt/cuda/ptx/arithmetic.cuh>
#include <qfmt/cuda/ptx/memory.cuh>
#include <qfmt/cuda/ptx/pairs.cuh>
#include <qfmt/cuda/ptx/threads.cuh>

// A row is read, computed and written eight neighbouring columns at a time.

namespace qfmt::cuda {

inline constexpr int vector_size = 8;

/// Eight neighbouring elements of a row.
template <Real T>
using RowVector = Values<T, vector_size>;

/// From memory, in 16-byte loads where all of them are there and the address is a multiple of 16;
/// zeros beyond the `present` ones.
template <Real T>
[[nodiscard]] QFMT_HOST_DEVICE RowVector<T> load_vector(T const* from, index_t present) noexcept {
  RowVector<T> x;
  if (present >= vector_size && reinterpret_cast<size_t>(from) % 16 == 0) {
    for (int i = 0; i < x.words; i += 4) {
      ptx::Words<4> const four = ptx::load<4>(reinterpret_cast<uint8_t const*>(from) + 4 * i);
      for (int j = 0; j < 4; ++j) x.word[i + j] = four.word[j];
    }
  } else {
    for (int i = 0; i < vector_size; ++i) {
      if (i >= present)
        continue;
      if constexpr (same_as<T, float>)
        x.word[i] = bit_cast<uint32_t>(from[i]);
      else
        x.word[i / 2] |= uint32_t{from[i].bits} << (16 * (i % 2));
    }
  }
  return x;
}

/// To memory, the same way; nothing is written beyond the `present` ones.
template <Real T>
QFMT_HOST_DEVICE void store_vector(RowVector<T> const& x, T* to, index_t present) noexcept {
  if (present >= vector_size && reinterpret_cast<size_t>(to) % 16 == 0) {
    for (int i = 0; i < x.words; i += 4)
      ptx::store(reinterpret_cast<uint8_t*>(to) + 4 * i,
                 {{x.word[i], x.word[i + 1], x.word[i + 2], x.word[i + 3]}});
  } else {
    for (int i = 0; i < vector_size; ++i) {
      if (i >= present)
        continue;
      if constexpr (same_as<T, float>)
        to[i] = x[i];
      else
        to[i] = T{static_cast<uint16_t>(x.word[i / 2] >> (16 * (i % 2)))};
    }
  }
}

/// The first `present` of eight codes, and zeros behind them.
template <ElementFormat F>
[[nodiscard]] QFMT_HOST_DEVICE Codes<F, vector_size> first_codes(Codes<F, vector_size> codes,
                                                                 index_t present) noexcept {
  if (present < vector_size) {
    for (int i = 0; i < vector_size; ++i) {
      if (i >= present)
        codes.set(i, {});
    }
  }
  return codes;
}

/// Codes to memory, in one store where that is possible. Of a vector with less than eight present
/// ones, only their bytes are written, the bits behind the last as zeros.
template <ElementFormat F>
QFMT_HOST_DEVICE void store_codes(Codes<F, vector_size> const& codes, uint8_t* to,
                                  index_t present = vector_size) noexcept {
  constexpr bool whole_words = vector_size * F::bits % 32 == 0;
  if (whole_words && present >= vector_size && reinterpret_cast<size_t>(to) % F::bits == 0) {
    __builtin_memcpy(__builtin_assume_aligned(to, F::bits), codes.word, sizeof(codes.word));
  } else {
    Codes<F, vector_size> const first = first_codes<F>(codes, present);
    for (int i = 0; i < F::bits; ++i) {
      if (8 * i < present * F::bits)
        to[i] = static_cast<uint8_t>(first.word[i / 4] >> (i % 4 * 8));
    }
  }
}

/// As binary32: exact.
template <Real T>
[[nodiscard]] QFMT_HOST_DEVICE RowVector<float> widen(RowVector<T> const& x) noexcept {
  if constexpr (same_as<T, float>) {
    return x;
  } else {
    RowVector<float> out;
    for (int i = 0; i < vector_size; ++i) out.set(i, ptx::half_of<T>(x.word[i / 2], i % 2));
    return out;
  }
}

/// Rounded to T.
template <Real T>
[[nodiscard]] QFMT_HOST_DEVICE RowVector<T> narrow(RowVector<float> const& x) noexcept {
  if constexpr (same_as<T, float>) {
    return x;
  } else {
    RowVector<T> out;
    for (int i = 0; i < vector_size; i += 2) out.word[i / 2] = ptx::make_pair<T>(x[i], x[i + 1]);
    return out;
  }
}

/// Rows that lie in memory. What all sources of rows have:
///
///     Element              what the values are rounded to before they are quantized
///     shape()              of the matrix that they make
///     check()              what is wrong with the arguments
///     read(row, col)       eight of them, zeros behind the last column; once for each vector
///     read_again(row, col) the same once more, by the same thread
///     normalizes           whether rows need a factor that depends on the whole of them
template <Real T>
struct MatrixRows {
  using Element = T;
  static constexpr bool normalizes = false;
  MatrixView<T const> x;

  [[nodiscard]] QFMT_HOST_DEVICE constexpr Shape shape() const noexcept { return x.shape; }
  [[nodiscard]] QFMT_HOST_DEVICE constexpr Status check() const noexcept { return check_matrix(x); }
  [[nodiscard]] QFMT_HOST_DEVICE RowVector<T> read(index_t row, index_t col) const noexcept {
    return load_vector(x.row(row) + col, x.shape.cols - col);
  }
  [[nodiscard]] QFMT_HOST_DEVICE RowVector<T> read_again(index_t row, index_t col) const noexcept {
    return read(row, col);
  }

  /// What is wrong with a matrix that a kernel is to read.
  template <class U>
  [[nodiscard]] QFMT_HOST_DEVICE static constexpr Status check_matrix(
      MatrixView<U> matrix) noexcept {
    if (matrix.shape.rows < 0 || matrix.shape.cols < 0)
      return Status::negative_size;
    if (matrix.stride < matrix.shape.cols)
      return Status::stride_invalid;
    return matrix.data == nullptr && matrix.shape.size() != 0 ? Status::null_pointer : Status::ok;
  }
};

}  // namespace qfmt::cuda
