// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <qfmt/scaling/power_of_two.hpp>
#include <qfmt/scaling/two_level.hpp>
#include <qfmt/tensor/view.hpp>
#include <qfmt/tensor/x86/decode.hpp>
#include <qfmt/tensor/x86/quantize_segment.hpp>

// The values of a row of a quantized matrix: those of QuantTensorView::operator(), rounded to T.

#if defined(QFMT_X86)
#include <immintrin.h>

QFMT_BEGIN_AVX2
namespace qfmt::x86::avx2 {

/// effective() of up to 16 scales.
template <class Policy>
inline void effective_scales(typename Policy::Stored const* scales, index_t count,
                             typename Policy::Global global, float* out) noexcept {
  using Stored = typename Policy::Stored;
  if constexpr (same_as<Stored, Code<UE4M3>> || same_as<Stored, Code<E8M0>>) {
    alignas(16) uint8_t codes[16] = {};
    __builtin_memcpy(codes, scales, static_cast<size_t>(count));
    for (int half = 0; half < 2; ++half) {
      __m256i const wide =
          _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<__m128i const*>(codes + 8 * half)));
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
      _mm256_storeu_ps(out + 8 * half, scale);
    }
  } else {
    for (index_t i = 0; i < count; ++i) out[i] = Policy::effective(scales[i], global);
  }
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

/// values[i] = from_float<T>(w(row, first + i)).
template <Scheme S, Real T>
inline void dequantize_row(QuantTensorView<S> const& w, index_t row, index_t first, index_t count,
                           T* values) noexcept {
  index_t const tile_cols = S::Granularity::tile(w.shape).cols;
  uint8_t const* const bytes = w.codes + row * w.row_bytes;
  index_t const end = first + count;
  for (index_t col = first; col < end;) {
    // The scales of up to 16 tiles at a time.
    index_t const tiles = (std::min<index_t>)(16, ceil_div(end, tile_cols) - col / tile_cols);
    index_t const index = w.scale_index(row, col);
    float scales[16];
    effective_scales<typename S::Policy>(w.scales + index, tiles, w.global, scales);
    for (index_t t = 0; t < tiles; ++t) {
      index_t const stop = (std::min)(end, (col / tile_cols + 1) * tile_cols);
      float zero_point = 0.0f;
      if constexpr (S::has_zero_point)
        zero_point = static_cast<float>(w.zero_points[index + t]);
      dequantize_segment<typename S::Format, S::has_zero_point>(bytes, col, stop - col, zero_point,
                                                                scales[t], values + (col - first));
      col = stop;
    }
  }
}

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET

QFMT_BEGIN_AVX512
namespace qfmt::x86::avx512 {

using avx2::effective_scales;

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

/// Formats and tiles of which 16 are dequantized at a time.
template <class F, index_t Cols>
inline constexpr bool in_small_tiles = (F::bits == 4 || F::bits == 8) && (Cols == 16 || Cols == 32);

/// 16 whole tiles without zero points.
template <ByteFormat F, index_t Cols, Real T>
requires in_small_tiles<F, Cols>
inline void dequantize_16_tiles(uint8_t const* codes, float const* scales, T* values) noexcept {
  if constexpr (F::bits == 4) {
    __m512 const grid = _mm512_load_ps(sixteen<F>.values);
    for (index_t t = 0; t < 16; ++t) {
      __m512 const table = _mm512_mul_ps(grid, _mm512_set1_ps(scales[t]));
      for (index_t i = t * Cols; i < (t + 1) * Cols; i += 16)
        store(values + i, _mm512_permutexvar_ps(spread_nibbles(codes + i / 2), table), 0xFFFF);
    }
    return;
  }
  for (index_t i = 0; i < 16 * Cols; i += 64) {
    Values64 const x = decode64<F>(_mm512_loadu_si512(codes + i));
    for (int k = 0; k < 4; ++k) {
      index_t const at = i + 16 * k;
      store(values + at, _mm512_mul_ps(x.part[k], _mm512_set1_ps(scales[at / Cols])), 0xFFFF);
    }
  }
}

/// values[i] = from_float<T>(w(row, first + i)).
template <Scheme S, Real T>
inline void dequantize_row(QuantTensorView<S> const& w, index_t row, index_t first, index_t count,
                           T* values) noexcept {
  index_t const tile_cols = S::Granularity::tile(w.shape).cols;
  uint8_t const* const bytes = w.codes + row * w.row_bytes;
  index_t const end = first + count;
  for (index_t col = first; col < end;) {
    // The scales of up to 16 tiles at a time.
    index_t const tiles = (std::min<index_t>)(16, ceil_div(end, tile_cols) - col / tile_cols);
    index_t const index = w.scale_index(row, col);
    float scales[16];
    effective_scales<typename S::Policy>(w.scales + index, tiles, w.global, scales);
    constexpr index_t cols = S::Granularity::cols;
    if constexpr (!S::has_zero_point && in_small_tiles<typename S::Format, cols>) {
      if (col % cols == 0 && end - col >= 16 * cols) {
        dequantize_16_tiles<typename S::Format, cols>(bytes + packed_bytes<typename S::Format>(col),
                                                      scales, values + (col - first));
        col += 16 * cols;
        continue;
      }
    }
    for (index_t t = 0; t < tiles; ++t) {
      index_t const stop = (std::min)(end, (col / tile_cols + 1) * tile_cols);
      float zero_point = 0.0f;
      if constexpr (S::has_zero_point)
        zero_point = static_cast<float>(w.zero_points[index + t]);
      dequantize_segment<typename S::Format, S::has_zero_point>(bytes, col, stop - col, zero_point,
                                                                scales[t], values + (col - first));
      col = stop;
    }
  }
}

/// The values of a row, piece by piece.
template <Scheme S>
struct RowOf {
  QuantTensorView<S> const& w;
  index_t row;
  template <Real T>
  void operator()(index_t first, index_t count, T* values) const noexcept {
    dequantize_row(w, row, first, count, values);
  }
};

}  // namespace qfmt::x86::avx512
QFMT_END_TARGET

#endif
