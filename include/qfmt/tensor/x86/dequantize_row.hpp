// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <qfmt/scaling/power_of_two.hpp>
#include <qfmt/scaling/two_level.hpp>
#include <qfmt/tensor/isa.hpp>
#include <qfmt/tensor/view.hpp>
#include <qfmt/tensor/x86/decode.hpp>
#include <qfmt/tensor/x86/quantize_segment.hpp>

// The values of a row of a quantized matrix: those of QuantRow, rounded to T.

#if defined(QFMT_X86)
#include <immintrin.h>

QFMT_BEGIN_AVX2
namespace qfmt::x86::avx2 {

/// effective() of `count` scales.
template <class Policy>
inline void effective_scales(typename Policy::Stored const* scales, index_t count,
                             typename Policy::Global global, float* out) noexcept {
  using Stored = typename Policy::Stored;
  index_t i = 0;
  if constexpr (same_as<Stored, Code<UE4M3>> || same_as<Stored, Code<E8M0>>) {
    for (; i + 8 <= count; i += 8) {
      __m256i const wide =
          _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<__m128i const*>(scales + i)));
      __m256 scale;
      if constexpr (same_as<Stored, Code<UE4M3>>) {
        scale = divide(decode8<UE4M3>(wide), _mm256_set1_ps(global.encode_scale));
      } else {
        __m256i bits = _mm256_slli_epi32(wide, 23);
        bits = _mm256_blendv_epi8(bits, _mm256_set1_epi32(0x00400000),
                                  _mm256_cmpeq_epi32(wide, _mm256_setzero_si256()));
        bits = _mm256_blendv_epi8(bits, _mm256_set1_epi32(0x7FC00000),
                                  _mm256_cmpeq_epi32(wide, _mm256_set1_epi32(255)));
        scale = _mm256_castsi256_ps(bits);
      }
      _mm256_storeu_ps(out + i, scale);
    }
  }
  for (; i < count; ++i) out[i] = Policy::effective(scales[i], global);
}

/// values[i] = (decode(codes[i]) - zero_point) * scale, rounded to T.
template <ByteFormat F, bool HasZeroPoint, Real T>
inline void scale_codes(Code<F> const* codes, index_t count, float zero_point, float scale,
                        T* values) noexcept {
  index_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m128i const eight = _mm_loadl_epi64(reinterpret_cast<__m128i const*>(codes + i));
    __m256 grid = decode8<F>(_mm256_cvtepu8_epi32(eight));
    if constexpr (HasZeroPoint)
      grid = _mm256_sub_ps(grid, _mm256_set1_ps(zero_point));
    store(values + i, _mm256_mul_ps(grid, _mm256_set1_ps(scale)));
  }
  for (int last = 0; last < 7 && i < count; ++last, ++i) {
    float const grid = decode(codes[i]);
    values[i] = from_float<T>((HasZeroPoint ? grid - zero_point : grid) * scale);
  }
}

/// The elements of one tile, [first, first + count) of a packed row.
template <ByteFormat F, bool HasZeroPoint, Real T>
inline void dequantize_segment(uint8_t const* bytes, index_t first, index_t count, float zero_point,
                               float scale, T* values) noexcept {
  if constexpr (F::bits == 8) {
    scale_codes<F, HasZeroPoint>(reinterpret_cast<Code<F> const*>(bytes) + first, count, zero_point,
                                 scale, values);
  } else {
    constexpr index_t step = 256;
    Code<F> codes[step];
    for (index_t i = 0; i < count; i += step) {
      index_t const here = count - i < step ? count - i : step;
      unpack_row<F>(bytes, first + i, here, codes);
      scale_codes<F, HasZeroPoint>(codes, here, zero_point, scale, values + i);
    }
  }
}

/// Whole tiles of 16 or 32 without zero points.
template <ByteFormat F, Real T>
requires(F::bits == 4) inline void dequantize_small_tiles(uint8_t const* codes, index_t count,
                                                          index_t tile_cols, float const* scales,
                                                          T* values) noexcept {
  __m128i const low_half = _mm_set1_epi8(15);
  for (index_t i = 0; i < count; ++scales) {
    __m256 const scale = _mm256_set1_ps(*scales);
    for (index_t const stop = i + tile_cols; i < stop; i += 16) {
      __m128i const pairs = _mm_loadl_epi64(reinterpret_cast<__m128i const*>(codes + i / 2));
      __m128i const sixteen_codes = _mm_unpacklo_epi8(
          _mm_and_si128(pairs, low_half), _mm_and_si128(_mm_srli_epi16(pairs, 4), low_half));
      __m256 const a = decode8<F>(_mm256_cvtepu8_epi32(sixteen_codes));
      __m256 const b = decode8<F>(_mm256_cvtepu8_epi32(_mm_srli_si128(sixteen_codes, 8)));
      store(values + i, _mm256_mul_ps(a, scale));
      store(values + i + 8, _mm256_mul_ps(b, scale));
    }
  }
}

/// Elements [first, end) of a packed row, in tiles of `tile_cols`, the first of which holds `first`.
template <ByteFormat F, bool HasZeroPoint, Real T>
inline void dequantize_tiles(uint8_t const* bytes, index_t first, index_t end, index_t tile_cols,
                             float const* scales, int16_t const* zero_points, T* values) noexcept {
  index_t col = first;
  if constexpr (!HasZeroPoint && F::bits == 4) {
    if ((tile_cols == 16 || tile_cols == 32) && first % tile_cols == 0) {
      index_t const count = (end - first) / tile_cols * tile_cols;
      dequantize_small_tiles<F>(bytes + first / 2, count, tile_cols, scales, values);
      col += count;
      values += count;
      scales += count / tile_cols;
    }
  }
  for (index_t stop = col - col % tile_cols + tile_cols; col < end; stop += tile_cols) {
    index_t const count = (stop < end ? stop : end) - col;
    float zero_point = 0.0f;
    if constexpr (HasZeroPoint)
      zero_point = static_cast<float>(*zero_points++);
    dequantize_segment<F, HasZeroPoint>(bytes, col, count, zero_point, *scales++, values);
    col += count;
    values += count;
  }
}

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET

QFMT_BEGIN_AVX512
namespace qfmt::x86::avx512 {

template <bool HasZeroPoint>
inline __m512 scaled(__m512 grid, __m512 zero_point, __m512 scale) noexcept {
  if constexpr (HasZeroPoint)
    grid = _mm512_sub_ps(grid, zero_point);
  return _mm512_mul_ps(grid, scale);
}

/// The elements of one tile, [first, first + count) of a packed row. Nibbles index a table of the 16
/// values, already scaled.
template <ByteFormat F, bool HasZeroPoint, Real T>
inline void dequantize_segment(uint8_t const* bytes, index_t first, index_t count, float zero_point,
                               float scale, T* values) noexcept {
  __m512 const zeros = _mm512_set1_ps(zero_point);
  __m512 const scales = _mm512_set1_ps(scale);
  index_t i = 0;
  if constexpr (F::bits == 4) {
    if (first % 2 == 0) {
      __m512 const table = scaled<HasZeroPoint>(_mm512_load_ps(sixteen<F>.values), zeros, scales);
      uint8_t const* const pairs = bytes + first / 2;
      for (; i + 16 <= count; i += 16)
        store(values + i, _mm512_permutexvar_ps(spread_nibbles(pairs + i / 2), table), 0xFFFF);
    }
  } else if constexpr (F::bits == 8) {
    for (; i + 64 <= count; i += 64) {
      Values64 const x = decode64<F>(_mm512_loadu_si512(bytes + first + i));
      for (int k = 0; k < 4; ++k)
        store(values + i + 16 * k, scaled<HasZeroPoint>(x.part[k], zeros, scales), 0xFFFF);
    }
  }
  constexpr index_t step = 256;
  alignas(64) Code<F> codes[step] = {};
  while (i < count) {
    index_t const here = count - i < step ? count - i : step;
    avx2::unpack_row<F>(bytes, first + i, here, codes);
    for (index_t k = 0; k < here; k += 64) {
      Values64 const x = decode64<F>(_mm512_load_si512(codes + k));
      for (index_t part = 0; part < 4 && k + 16 * part < here; ++part) {
        store(values + i + k + 16 * part, scaled<HasZeroPoint>(x.part[part], zeros, scales),
              first_lanes(here - k - 16 * part));
      }
    }
    i += here;
  }
}

/// Whole tiles of 16 or 32 without zero points; `count` is a multiple of 64.
template <ByteFormat F, index_t Cols, Real T>
requires(F::bits == 4 ||
         F::bits == 8) inline void dequantize_small_tiles(uint8_t const* codes, index_t count,
                                                          float const* scales, T* values) noexcept {
  if constexpr (F::bits == 4) {
    __m512 const grid = _mm512_load_ps(sixteen<F>.values);
    for (index_t i = 0; i < count; i += 64) {
      for (index_t k = 0; k < 64; k += Cols) {
        __m512 const table = _mm512_mul_ps(grid, _mm512_set1_ps(*scales++));
        for (index_t at = i + k; at < i + k + Cols; at += 16)
          store(values + at, _mm512_permutexvar_ps(spread_nibbles(codes + at / 2), table), 0xFFFF);
      }
    }
  } else {
    for (index_t i = 0; i < count; i += 64) {
      Values64 const x = decode64<F>(_mm512_loadu_si512(codes + i));
      for (int k = 0; k < 4; ++k) {
        index_t const at = i + 16 * k;
        store(values + at, _mm512_mul_ps(x.part[k], _mm512_set1_ps(scales[at / Cols])), 0xFFFF);
      }
    }
  }
}

/// Elements [first, end) of a packed row, in tiles of `tile_cols`, the first of which holds `first`.
template <ByteFormat F, bool HasZeroPoint, Real T>
inline void dequantize_tiles(uint8_t const* bytes, index_t first, index_t end, index_t tile_cols,
                             float const* scales, int16_t const* zero_points, T* values) noexcept {
  index_t col = first;
  if constexpr (!HasZeroPoint && (F::bits == 4 || F::bits == 8)) {
    if ((tile_cols == 16 || tile_cols == 32) && first % tile_cols == 0) {
      index_t const count = (end - first) / 64 * 64;
      uint8_t const* const codes = bytes + packed_bytes<F>(first);
      if (tile_cols == 16) {
        dequantize_small_tiles<F, 16>(codes, count, scales, values);
      } else {
        dequantize_small_tiles<F, 32>(codes, count, scales, values);
      }
      col += count;
      values += count;
      scales += count / tile_cols;
    }
  }
  for (index_t stop = col - col % tile_cols + tile_cols; col < end; stop += tile_cols) {
    index_t const count = (stop < end ? stop : end) - col;
    float zero_point = 0.0f;
    if constexpr (HasZeroPoint)
      zero_point = static_cast<float>(*zero_points++);
    dequantize_segment<F, HasZeroPoint>(bytes, col, count, zero_point, *scales++, values);
    col += count;
    values += count;
  }
}

}  // namespace qfmt::x86::avx512
QFMT_END_TARGET

namespace qfmt::x86 {

/// values[i] = from_float<T>(row[first + i]). Precondition: isa has AVX2.
template <ByteFormat F, class Policy, Real T>
void dequantize_piece(Isa isa, QuantRow<F, Policy> const& row, index_t first, index_t count,
                      T* values) noexcept {
  constexpr index_t most = 64;  // tiles at a time
  index_t const end = first + count;
  for (index_t col = first; col < end;) {
    index_t const tile = col / row.tile_cols;
    index_t const stop = (std::min)(end, (tile + most) * row.tile_cols);
    float scales[most];
    avx2::effective_scales<Policy>(row.scales + tile, ceil_div(stop, row.tile_cols) - tile,
                                   row.global, scales);
    int16_t const* const zero_points = Policy::has_zero_point ? row.zero_points + tile : nullptr;
    T* const to = values + (col - first);
    if (isa >= Isa::avx512) {
      avx512::dequantize_tiles<F, Policy::has_zero_point>(row.codes, col, stop, row.tile_cols,
                                                          scales, zero_points, to);
    } else {
      avx2::dequantize_tiles<F, Policy::has_zero_point>(row.codes, col, stop, row.tile_cols, scales,
                                                        zero_points, to);
    }
    col = stop;
  }
}

/// The values of a row, piece by piece.
template <ByteFormat F, class Policy>
struct PiecesOf {
  Isa isa;
  QuantRow<F, Policy> row;
  void operator()(index_t first, index_t count, float* values) const noexcept {
    dequantize_piece(isa, row, first, count, values);
  }
};

}  // namespace qfmt::x86

#endif
