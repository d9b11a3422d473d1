// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <utility>

#include <qfmt/calibration/x86/tile_product.hpp>
#include <qfmt/gemm/lanes.hpp>
#include <qfmt/tensor/isa.hpp>

// The two inner loops of this floor's dense linear algebra, over rows of 64 numbers that lie one
// after the other. Eigen's products are as wide as the translation unit is compiled for, 4 numbers
// by default, and add in an order that depends on that width; these use what the processor has, and
// every `isa` gives the same bits.

namespace qfmt {

/// Numbers in a row of a tile.
inline constexpr index_t tile_side = 64;
/// Rows of sums that are kept in registers at a time.
inline constexpr index_t product_rows = 6;

namespace detail {

template <int Rows, bool Subtract, bool Continued>
inline void accumulate_rows(float const* a, index_t a_stride, float const* b, index_t depth,
                            float* sums) noexcept {
  constexpr bool negated = Subtract && Continued;
  for (index_t r = 0; r < Rows; ++r) {
    float* const row = sums + r * tile_side;
    float chain[tile_side] = {};
    float* const to = Continued ? row : chain;
    for (index_t k = 0; k < depth; ++k) {
      float const x = negated ? -a[k * a_stride + r] : a[k * a_stride + r];
      for (index_t c = 0; c < tile_side; ++c) to[c] = std::fma(x, b[k * tile_side + c], to[c]);
    }
    for (index_t c = 0; c < tile_side && !Continued; ++c)
      row[c] = Subtract ? row[c] - chain[c] : row[c] + chain[c];
  }
}

inline void subtract_in_order(float* row, float const* b, float const* u, index_t u_stride,
                              index_t depth) noexcept {
  for (index_t k = 0; k < depth; ++k, b += tile_side) {
    Lanes const factor = Lanes::broadcast(-u[k * u_stride]);
    for (index_t c = 0; c < tile_side; c += Lanes::count)
      Lanes::load(row + c).plus_product(factor, Lanes::load(b + c)).store(row + c);
  }
}

/// The kernel of an instruction set for so many rows.
template <int Rows, bool Subtract, bool Continued>
inline void accumulate_rows_with(Isa isa, float const* a, index_t a_stride, float const* b,
                                 index_t depth, float* sums) noexcept {
#if defined(QFMT_X86)
  if (isa >= Isa::avx512)
    return x86::avx512::accumulate_rows<Rows, Subtract, Continued>(a, a_stride, b, depth, sums);
  if (isa == Isa::avx2)
    return x86::avx2::accumulate_rows<Rows, Subtract, Continued>(a, a_stride, b, depth, sums);
#else
  (void)isa;
#endif
  accumulate_rows<Rows, Subtract, Continued>(a, a_stride, b, depth, sums);
}

template <bool Subtract, bool Continued>
inline void accumulate(Isa isa, float const* a, index_t a_stride, float const* b, index_t depth,
                       float* sums, index_t rows) noexcept {
  constexpr int at_once = int{product_rows};
  for (; rows >= at_once; rows -= at_once, a += at_once, sums += at_once * tile_side)
    accumulate_rows_with<at_once, Subtract, Continued>(isa, a, a_stride, b, depth, sums);
  switch (rows) {
    case 5:
      return accumulate_rows_with<5, Subtract, Continued>(isa, a, a_stride, b, depth, sums);
    case 4:
      return accumulate_rows_with<4, Subtract, Continued>(isa, a, a_stride, b, depth, sums);
    case 3:
      return accumulate_rows_with<3, Subtract, Continued>(isa, a, a_stride, b, depth, sums);
    case 2:
      return accumulate_rows_with<2, Subtract, Continued>(isa, a, a_stride, b, depth, sums);
    case 1:
      return accumulate_rows_with<1, Subtract, Continued>(isa, a, a_stride, b, depth, sums);
    default:
      return;
  }
}

}  // namespace detail

/// sums(r, c) += sum over k of a(k, r) * b(k, c), or -= with Subtract: for each element one chain of
/// fused multiply-adds that goes on from the sum, in increasing k.
///
/// a is (depth, rows) with a_stride numbers from row to row, b (depth, 64) and sums (rows, 64)
/// without gaps. A machine without fused multiply-add computes it in software.
template <bool Subtract>
inline void accumulate_product(Isa isa, float const* a, index_t a_stride, float const* b,
                               index_t depth, float* sums, index_t rows) noexcept {
  detail::accumulate<Subtract, true>(isa, a, a_stride, b, depth, sums, rows);
}

/// The same with a chain of its own, that starts from zero and is added to the sum, or subtracted
/// from it, at its end: one rounding more, but sums of many such products lose fewer bits.
template <bool Subtract>
inline void add_product(Isa isa, float const* a, index_t a_stride, float const* b, index_t depth,
                        float* sums, index_t rows) noexcept {
  detail::accumulate<Subtract, false>(isa, a, a_stride, b, depth, sums, rows);
}

/// row(c) -= u(k) * b(k, c) for one k after the other: each product and each difference is rounded,
/// nothing is fused. row is (64), b (depth, 64), u has u_stride numbers from one to the next.
inline void subtract_in_order(Isa isa, float* row, float const* b, float const* u, index_t u_stride,
                              index_t depth) noexcept {
#if defined(QFMT_X86)
  if (isa >= Isa::avx512)
    return x86::avx512::subtract_in_order(row, b, u, u_stride, depth);
  if (isa == Isa::avx2)
    return x86::avx2::subtract_in_order(row, b, u, u_stride, depth);
#else
  (void)isa;
#endif
  detail::subtract_in_order(row, b, u, u_stride, depth);
}

static_assert(tile_side % Lanes::count == 0);

}  // namespace qfmt
