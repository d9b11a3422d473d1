// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/shape.hpp>

// The kernels of calibration/tile_product.hpp on AVX2 and AVX-512: the same operations in the same
// order for each element, hence the same bits.

#if defined(QFMT_X86)
#include <cstddef>
#include <cstdint>
#include <immintrin.h>

namespace qfmt::x86 {

/// What the kernels ask for in advance: rows of `a` that they come to a little later. `a` comes from
/// far away and is read in small steps: left alone, the kernels wait for it half of their time.
inline char const* ahead(float const* a) noexcept {
  return reinterpret_cast<char const*>(reinterpret_cast<std::uintptr_t>(a) + 3072);
}

}  // namespace qfmt::x86

QFMT_BEGIN_AVX512
namespace qfmt::x86::avx512 {

// Loops over rows are unrolled, or the sums would not stay in registers.

/// A few rows of a tile: for six of them 24 sums in registers, four of each row.
template <int Rows, bool Subtract, bool Continued>
inline void accumulate_rows(float const* a, index_t a_stride, float const* b, index_t depth,
                            float* sums) noexcept {
  __m512 sum[std::size_t{Rows}][4];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < 4; ++v)
      sum[r][v] = Continued ? _mm512_loadu_ps(sums + r * 64 + v * 16) : _mm512_setzero_ps();
  }
  for (index_t k = 0; k < depth; ++k, a += a_stride, b += 64) {
    _mm_prefetch(ahead(a), _MM_HINT_T0);
    __m512 const b0 = _mm512_loadu_ps(b);
    __m512 const b1 = _mm512_loadu_ps(b + 16);
    __m512 const b2 = _mm512_loadu_ps(b + 32);
    __m512 const b3 = _mm512_loadu_ps(b + 48);
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      __m512 const x = _mm512_set1_ps(a[r]);
      if constexpr (Subtract && Continued) {
        sum[r][0] = _mm512_fnmadd_ps(x, b0, sum[r][0]);
        sum[r][1] = _mm512_fnmadd_ps(x, b1, sum[r][1]);
        sum[r][2] = _mm512_fnmadd_ps(x, b2, sum[r][2]);
        sum[r][3] = _mm512_fnmadd_ps(x, b3, sum[r][3]);
      } else {
        sum[r][0] = _mm512_fmadd_ps(x, b0, sum[r][0]);
        sum[r][1] = _mm512_fmadd_ps(x, b1, sum[r][1]);
        sum[r][2] = _mm512_fmadd_ps(x, b2, sum[r][2]);
        sum[r][3] = _mm512_fmadd_ps(x, b3, sum[r][3]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < 4; ++v) {
      float* const to = sums + r * 64 + v * 16;
      if constexpr (!Continued) {
        __m512 const before = _mm512_loadu_ps(to);
        sum[r][v] = Subtract ? _mm512_sub_ps(before, sum[r][v]) : _mm512_add_ps(before, sum[r][v]);
      }
      _mm512_storeu_ps(to, sum[r][v]);
    }
  }
}

inline void subtract_in_order(float* row, float const* b, float const* u, index_t u_stride,
                              index_t depth) noexcept {
  __m512 x0 = _mm512_loadu_ps(row);
  __m512 x1 = _mm512_loadu_ps(row + 16);
  __m512 x2 = _mm512_loadu_ps(row + 32);
  __m512 x3 = _mm512_loadu_ps(row + 48);
  for (index_t k = 0; k < depth; ++k, b += 64, u += u_stride) {
    __m512 const factor = _mm512_set1_ps(*u);
    __m512 p0 = _mm512_mul_ps(factor, _mm512_loadu_ps(b));
    __m512 p1 = _mm512_mul_ps(factor, _mm512_loadu_ps(b + 16));
    __m512 p2 = _mm512_mul_ps(factor, _mm512_loadu_ps(b + 32));
    __m512 p3 = _mm512_mul_ps(factor, _mm512_loadu_ps(b + 48));
    asm("" : "+v"(p0), "+v"(p1), "+v"(p2), "+v"(p3));  // rounded: not to be fused
    x0 = _mm512_sub_ps(x0, p0);
    x1 = _mm512_sub_ps(x1, p1);
    x2 = _mm512_sub_ps(x2, p2);
    x3 = _mm512_sub_ps(x3, p3);
  }
  _mm512_storeu_ps(row, x0);
  _mm512_storeu_ps(row + 16, x1);
  _mm512_storeu_ps(row + 32, x2);
  _mm512_storeu_ps(row + 48, x3);
}

}  // namespace qfmt::x86::avx512
QFMT_END_TARGET

QFMT_BEGIN_AVX2
namespace qfmt::x86::avx2 {

/// A few rows of a tile, quarter by quarter: for six of them 12 sums in registers, two of each row.
template <int Rows, bool Subtract, bool Continued>
inline void accumulate_rows(float const* a, index_t a_stride, float const* b, index_t depth,
                            float* sums) noexcept {
  for (index_t first = 0; first < 64; first += 16) {
    __m256 sum[std::size_t{Rows}][2];
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      for (int v = 0; v < 2; ++v)
        sum[r][v] =
            Continued ? _mm256_loadu_ps(sums + r * 64 + first + v * 8) : _mm256_setzero_ps();
    }
    for (index_t k = 0; k < depth; ++k) {
      if (first == 0)
        _mm_prefetch(ahead(a + k * a_stride), _MM_HINT_T0);
      __m256 const b0 = _mm256_loadu_ps(b + k * 64 + first);
      __m256 const b1 = _mm256_loadu_ps(b + k * 64 + first + 8);
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r) {
        __m256 const x = _mm256_set1_ps(a[k * a_stride + r]);
        if constexpr (Subtract && Continued) {
          sum[r][0] = _mm256_fnmadd_ps(x, b0, sum[r][0]);
          sum[r][1] = _mm256_fnmadd_ps(x, b1, sum[r][1]);
        } else {
          sum[r][0] = _mm256_fmadd_ps(x, b0, sum[r][0]);
          sum[r][1] = _mm256_fmadd_ps(x, b1, sum[r][1]);
        }
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      for (int v = 0; v < 2; ++v) {
        float* const to = sums + r * 64 + first + v * 8;
        if constexpr (!Continued) {
          __m256 const before = _mm256_loadu_ps(to);
          sum[r][v] =
              Subtract ? _mm256_sub_ps(before, sum[r][v]) : _mm256_add_ps(before, sum[r][v]);
        }
        _mm256_storeu_ps(to, sum[r][v]);
      }
    }
  }
}

inline void subtract_in_order(float* row, float const* b, float const* u, index_t u_stride,
                              index_t depth) noexcept {
  for (index_t first = 0; first < 64; first += 32) {
    __m256 x0 = _mm256_loadu_ps(row + first);
    __m256 x1 = _mm256_loadu_ps(row + first + 8);
    __m256 x2 = _mm256_loadu_ps(row + first + 16);
    __m256 x3 = _mm256_loadu_ps(row + first + 24);
    for (index_t k = 0; k < depth; ++k) {
      __m256 const factor = _mm256_set1_ps(u[k * u_stride]);
      float const* const from = b + k * 64 + first;
      __m256 p0 = _mm256_mul_ps(factor, _mm256_loadu_ps(from));
      __m256 p1 = _mm256_mul_ps(factor, _mm256_loadu_ps(from + 8));
      __m256 p2 = _mm256_mul_ps(factor, _mm256_loadu_ps(from + 16));
      __m256 p3 = _mm256_mul_ps(factor, _mm256_loadu_ps(from + 24));
      asm("" : "+x"(p0), "+x"(p1), "+x"(p2), "+x"(p3));  // rounded: not to be fused
      x0 = _mm256_sub_ps(x0, p0);
      x1 = _mm256_sub_ps(x1, p1);
      x2 = _mm256_sub_ps(x2, p2);
      x3 = _mm256_sub_ps(x3, p3);
    }
    _mm256_storeu_ps(row + first, x0);
    _mm256_storeu_ps(row + first + 8, x1);
    _mm256_storeu_ps(row + first + 16, x2);
    _mm256_storeu_ps(row + first + 24, x3);
  }
}

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET

#endif
