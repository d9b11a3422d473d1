// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/cuda/gemm/packed_tile.hpp>
#include <qfmt/cuda/ptx/bits.cuh>
#include <qfmt/cuda/ptx/memory.cuh>
#include <qfmt/formats/int8.hpp>
#include <qfmt/formats/real.hpp>
#include <qfmt/tensor/view.hpp>

// The right operand: activations, as registers of mma.

namespace qfmt::cuda {

/// The activations of a product as a kernel takes them: BF16, FP16, or INT8 codes with a scale for
/// each token or for all of them.
template <class T>
struct Tokens {
  using Element = T;

  T const* data = nullptr;
  Shape shape;  // (M, K)
  index_t stride = 0;
  bool vectors = false;           // every row starts at a multiple of 16 bytes
  float const* scales = nullptr;  // null for BF16 and FP16
  index_t scale_stride = 0;

  [[nodiscard]] QFMT_HOST_DEVICE T const* row(index_t m) const noexcept {
    return data + m * stride;
  }
  [[nodiscard]] QFMT_HOST_DEVICE float scale(index_t m) const noexcept {
    return scales == nullptr ? 1.0f : scales[m * scale_stride];
  }
};

namespace detail {

template <class T>
[[nodiscard]] bool rows_are_vectors(T const* data, index_t stride) noexcept {
  return reinterpret_cast<size_t>(data) % 16 == 0 &&
         stride * static_cast<index_t>(sizeof(T)) % 16 == 0;
}

}  // namespace detail

template <Real T>
requires(sizeof(T) == 2) [[nodiscard]] Tokens<T> tokens_of(MatrixView<T const> x) noexcept {
  return {x.data, x.shape, x.stride, detail::rows_are_vectors(x.data, x.stride)};
}
template <Scheme S>
requires(same_as<typename S::Format, INT8>&& same_as<typename S::Stored, float> &&
         !S::has_zero_point && S::Granularity::cols == whole && S::Granularity::rows <= 1)
    [[nodiscard]] Tokens<int8_t> tokens_of(QuantTensorView<S> const& x) noexcept {
  auto const* const data = reinterpret_cast<int8_t const*>(x.codes);
  return {data,        x.shape,
          x.row_bytes, detail::rows_are_vectors(data, x.row_bytes),
          x.scales,    S::Granularity::rows};
}

/// What a lane holds of one token and one tile of 64 columns: words i and i + 4 are the right
/// operand of step i (bytes: words 2i and 2i + 1).
template <class T>
struct TokenRegisters {
  static constexpr int words = sizeof(T) == 2 ? 8 : 4;
  uint32_t word[size_t{words}];
};

namespace detail {

/// Neighbouring elements of a row as Count words, zeros from element `present` on.
template <int Count, class T>
[[nodiscard]] QFMT_HOST_DEVICE inline ptx::Words<Count> words_of(T const* from, int present,
                                                                 bool vectors) noexcept {
  constexpr int per_word = 4 / sizeof(T);
  if (vectors && present >= Count * per_word)
    return ptx::load<Count>(from);
  ptx::Words<Count> out{};
  for (int i = 0; i < Count * per_word; ++i) {
    if (i < present)
      out.word[i / per_word] |=
          uint32_t{bit_cast<conditional_t<sizeof(T) == 2, uint16_t, uint8_t>>(from[i])}
          << (i % per_word * 8 * static_cast<int>(sizeof(T)));
  }
  return out;
}

/// A lane's registers, where `words.template operator()<Count>(offset)` are neighbouring words of its
/// token, `offset` columns behind the lane's first.
QFMT_ANY_CALLEE template <ReadOrder Order, class T, class Words>
[[nodiscard]] QFMT_HOST_DEVICE inline TokenRegisters<T> token_registers_of(
    Words const& words) noexcept {
  TokenRegisters<T> out;
  if constexpr (sizeof(T) == 1) {
    static_assert(Order == ReadOrder::LaneOwned);
    // Bytes 2i, 2i+1, 2i+8, 2i+9 of the segment.
    ptx::Words<4> const x = words.template operator()<4>(0);
    out.word[0] = ptx::permute(x.word[0], x.word[2], 0x5410);
    out.word[1] = ptx::permute(x.word[0], x.word[2], 0x7632);
    out.word[2] = ptx::permute(x.word[1], x.word[3], 0x5410);
    out.word[3] = ptx::permute(x.word[1], x.word[3], 0x7632);
  } else if constexpr (Order == ReadOrder::LaneOwned) {
    for (int half = 0; half < 2; ++half) {
      ptx::Words<4> const x = words.template operator()<4>(8 * half);
      for (int i = 0; i < 4; ++i) out.word[4 * half + i] = x.word[i];
    }
  } else {
    for (int step = 0; step < 4; ++step) {
      for (int half = 0; half < 2; ++half)
        out.word[4 * half + step] = words.template operator()<1>(16 * step + 8 * half).word[0];
    }
  }
  return out;
}

}  // namespace detail

/// The registers of lane 4 g + t for the token whose row is `from`, at the tile's first column: a
/// multiple of 16 bytes, and all 64 columns are there.
template <ReadOrder Order, class T>
[[nodiscard]] QFMT_HOST_DEVICE inline TokenRegisters<T> token_registers(T const* from,
                                                                        int t) noexcept {
  T const* const own = from + column_of(Order, t, 0, 0, 0);
  return detail::token_registers_of<Order, T>(
      [own]<int Count>(int offset) { return ptx::load<Count>(own + offset); });
}
/// The same where `present` columns are there, at least one; behind them are zeros. `vectors`: the row
/// starts at a multiple of 16 bytes.
template <ReadOrder Order, class T>
[[nodiscard]] QFMT_HOST_DEVICE inline TokenRegisters<T> token_registers(T const* from, int present,
                                                                        int t,
                                                                        bool vectors) noexcept {
  int const first = column_of(Order, t, 0, 0, 0);
  T const* const own = from + first;
  return detail::token_registers_of<Order, T>([=]<int Count>(int offset) {
    return detail::words_of<Count>(own + offset, present - first - offset, vectors);
  });
}

}  // namespace qfmt::cuda
