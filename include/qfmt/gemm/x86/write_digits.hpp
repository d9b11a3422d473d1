// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>

#include <qfmt/gemm/digits.hpp>
#include <qfmt/gemm/operand.hpp>

#if defined(QFMT_X86)
#include <immintrin.h>

// Activations into digits, with AVX2: every kernel's first step, and a small part of its time.

QFMT_BEGIN_AVX2
namespace qfmt::x86::avx2 {

/// The largest magnitude of 16 numbers after the other; a multiple of 16 of them.
[[nodiscard]] inline uint32_t largest_magnitude(float const* x, index_t count) noexcept {
  __m256i const magnitude = _mm256_set1_epi32(0x7FFFFFFF);
  __m256i most[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
  for (index_t i = 0; i < count; i += 16) {
    for (int half = 0; half < 2; ++half) {
      __m256i const bits = _mm256_castps_si256(_mm256_loadu_ps(x + i + 8 * half));
      most[half] = _mm256_max_epi32(most[half], _mm256_and_si256(bits, magnitude));
    }
  }
  __m256i const both = _mm256_max_epi32(most[0], most[1]);
  __m128i four = _mm_max_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4E));  // 2 3 0 1
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0xB1));  // 1 0 3 2
  return static_cast<uint32_t>(_mm_cvtsi128_si32(four));
}

/// The low bytes of 16 integers, in order.
[[nodiscard]] inline __m128i low_bytes(__m256i first, __m256i second) noexcept {
  __m256i const byte = _mm256_set1_epi32(0xFF);
  __m256i const words =
      _mm256_packus_epi32(_mm256_and_si256(first, byte), _mm256_and_si256(second, byte));
  __m256i const in_order = _mm256_permute4x64_epi64(words, 0xD8);  // 0 2 1 3
  return _mm_packus_epi16(_mm256_castsi256_si128(in_order), _mm256_extracti128_si256(in_order, 1));
}

[[nodiscard]] inline int32_t sum_of(__m256i x) noexcept {
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));  // 2 3 0 1
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xB1));  // 1 0 3 2
  return _mm_cvtsi128_si32(four);
}

/// One token of one block: digits and seeds, see DigitLayout.
template <int Slices, index_t Block>
inline void write_block(float const* x, float to_integer, int offset, uint8_t* to) noexcept {
  __m256 const factor = _mm256_set1_ps(to_integer);
  __m256i const half = _mm256_set1_epi32(128);
  __m256i total = _mm256_setzero_si256();    // of all of v; for three slices, without the highest
  __m256i highest = _mm256_setzero_si256();  // of the highest digits of three
  for (index_t i = 0; i < Block; i += 16) {
    __m256i v[2];
    for (int part = 0; part < 2; ++part) {
      v[part] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i + 8 * part), factor));
      total = _mm256_add_epi32(total, v[part]);
    }
    // The lowest digit is the low byte, read as signed; what is left is (v + 128) >> 8.
    for (int slice = Slices - 1; slice >= 0; --slice) {
      __m128i const digits = low_bytes(v[0], v[1]);
      std::memcpy(to + slice * Block + i, &digits, sizeof digits);
      if (slice == 0)
        break;
      for (__m256i& part : v) part = _mm256_srai_epi32(_mm256_add_epi32(part, half), 8);
    }
    if constexpr (Slices == 3) {
      __m256i const top = _mm256_add_epi32(v[0], v[1]);
      highest = _mm256_add_epi32(highest, top);
      total = _mm256_sub_epi32(total, _mm256_slli_epi32(top, 16));
    }
  }
  int32_t seeds[3] = {};
  int32_t const seed = -offset * sum_of(total);
  if constexpr (Slices == 1) {
    seeds[0] = seed;
  } else {
    if constexpr (Slices == 3)
      seeds[0] = -offset * sum_of(highest);
    seeds[Slices - 2] = seed >> 8;
    seeds[Slices - 1] = static_cast<int32_t>(static_cast<uint32_t>(seed) << 24);
  }
  std::memcpy(to + Slices * Block, seeds, Slices * sizeof(int32_t));
}

/// Adds a block's only seed to that of the run's first block, `distance` bytes before.
template <index_t Block>
inline void move_seed(uint8_t* token, index_t distance) noexcept {
  if (distance == 0)
    return;
  int32_t sum[2];
  std::memcpy(sum, token + Block, sizeof(int32_t));
  std::memcpy(sum + 1, token + Block - distance, sizeof(int32_t));
  sum[1] += sum[0];
  sum[0] = 0;
  std::memcpy(token + Block, sum, sizeof(int32_t));
  std::memcpy(token + Block - distance, sum + 1, sizeof(int32_t));
}

/// Rows [first, first + rows) of x as a tile of `tokens` tokens, those beyond `rows` zero. Columns
/// from x's last to `padded`, a multiple of Block, are zero. Runs are of `Run` blocks.
template <int Slices, index_t Block, index_t Run, Operand X>
void write_digits(X const& x, index_t first, index_t rows, index_t tokens, index_t padded,
                  int offset, uint8_t* to, float* scales) noexcept {
  constexpr index_t chunk = 512;
  constexpr DigitLayout layout{Slices, Block, 1};
  constexpr index_t token_bytes = layout.token_bytes();
  alignas(64) float values[chunk];
  index_t const cols = shape_of(x).cols;
  auto const read = [&](index_t row, index_t col) {
    index_t const count = (std::min)(chunk, cols - col);
    decode_row(x, row, col, count, values);
    index_t const whole_blocks = round_up(count, Block);
    for (index_t i = count; i < whole_blocks; ++i) values[i] = 0.0f;
    return whole_blocks;
  };
  for (index_t t = 0; t < tokens; ++t) {
    uint8_t* token = to + t * token_bytes;
    TokenScale scale;
    if (t < rows) {
      uint32_t amax = 0;
      for (index_t col = 0; col < cols; col += chunk)
        amax = (std::max)(amax, largest_magnitude(values, read(first + t, col)));
      scale = token_scale(amax, Slices);
    }
    scales[t] = scale.scale;
    index_t written = 0;
    for (index_t col = 0; scale.to_integer != 0.0f && col < cols; col += chunk) {
      index_t const count = read(first + t, col);
      for (index_t i = 0; i < count; i += Block, token += tokens * token_bytes) {
        write_block<Slices, Block>(values + i, scale.to_integer, offset, token);
        if constexpr (Run > 1)
          move_seed<Block>(token, (written + i) / Block % Run * tokens * token_bytes);
      }
      written += count;
    }
    for (; written < padded; written += Block, token += tokens * token_bytes)
      std::memset(token, 0, static_cast<std::size_t>(token_bytes));
  }
}

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET

#endif
