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

/// One token of one block: digits and seeds, see DigitLayout. Two slices or three.
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
  if constexpr (Slices == 3)
    seeds[0] = -offset * sum_of(highest);
  seeds[Slices - 2] = seed >> 8;
  seeds[Slices - 1] = static_cast<int32_t>(static_cast<uint32_t>(seed) << 24);
  std::memcpy(to + Slices * Block, seeds, Slices * sizeof(int32_t));
}

/// The same for one slice, without the seed: returns sums of v in eight lanes.
template <index_t Block>
[[nodiscard]] inline __m256i write_bytes(float const* x, float to_integer, uint8_t* to) noexcept {
  __m256 const factor = _mm256_set1_ps(to_integer);
  __m256i total = _mm256_setzero_si256();
  for (index_t i = 0; i < Block; i += 16) {
    __m256i const first = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i), factor));
    __m256i const second = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i + 8), factor));
    total = _mm256_add_epi32(total, _mm256_add_epi32(first, second));
    // Nothing saturates: |v| <= 127.
    __m256i const words = _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xD8);
    __m128i const bytes =
        _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    std::memcpy(to + i, &bytes, sizeof bytes);
  }
  return total;
}

/// Two vectors of words, as the columns of quads follow each other in WordLayout. Nothing saturates.
[[nodiscard]] inline __m256i words_of(__m256i first, __m256i second) noexcept {
  __m256i const words = _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xD8);
  return _mm256_shufflehi_epi16(_mm256_shufflelo_epi16(words, 0xD8), 0xD8);  // 0 2 1 3
}

/// One token of one block as words; see WordLayout.
template <int Slices, index_t Block, bool All>
inline void write_words(float const* x, float to_integer, int offset, uint8_t* to) noexcept {
  constexpr WordLayout layout{Slices, Block, All};
  // What v has below the top when that becomes one more: the digits' carries, or half a word.
  constexpr int below = All ? 128 * 257 : 32768;
  __m256 const factor = _mm256_set1_ps(to_integer);
  [[maybe_unused]] __m256i total = _mm256_setzero_si256();
  for (index_t i = 0; i < Block; i += 16) {
    __m256i v[2];
    [[maybe_unused]] __m256i top[2];
    for (int part = 0; part < 2; ++part) {
      v[part] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i + 8 * part), factor));
      if constexpr (Slices == 3) {
        top[part] = _mm256_srai_epi32(_mm256_add_epi32(v[part], _mm256_set1_epi32(below)), 16);
        total = _mm256_add_epi32(total, top[part]);
        v[part] = _mm256_sub_epi32(v[part], _mm256_slli_epi32(top[part], 16));
        if constexpr (All)
          v[part] = _mm256_add_epi32(v[part], _mm256_set1_epi32(128));
      }
    }
    __m256i const low = words_of(v[0], v[1]);
    std::memcpy(to + layout.low_at() + 2 * i, &low, sizeof low);
    if constexpr (Slices == 3 && All) {
      __m256i const words = words_of(top[0], top[1]);
      std::memcpy(to + 2 * i, &words, sizeof words);
    } else if constexpr (Slices == 3) {
      __m128i const bytes = low_bytes(top[0], top[1]);
      std::memcpy(to + i, &bytes, sizeof bytes);
    }
  }
  if constexpr (Slices == 3 && !All) {
    int32_t const seed = -offset * sum_of(total);
    std::memcpy(to + Block, &seed, sizeof seed);
  }
}

/// Columns of a row in binary32, whole blocks of them: beyond the row's last they are zero.
struct Chunk {
  float const* values;
  index_t count;
};
template <index_t Block, Operand X>
struct Chunks {
  static constexpr index_t size = 512;
  X const& x;
  alignas(64) float values[size] = {};

  [[nodiscard]] Chunk read(index_t row, index_t col) noexcept {
    index_t const count = (std::min)(size, shape_of(x).cols - col);
    index_t const whole_blocks = round_up(count, Block);
    if constexpr (requires { static_cast<float const*>(x.row(row)); }) {
      if (count == whole_blocks)
        return {x.row(row) + col, count};  // as it lies
    }
    decode_row(x, row, col, count, values);
    for (index_t i = count; i < whole_blocks; ++i) values[i] = 0.0f;
    return {values, whole_blocks};
  }
};

/// What a token's integers are written as; see DigitLayout and WordLayout.
enum class As { digits, words, all_words };

/// Rows [first, first + rows) of x as a tile of `tokens` tokens, those beyond `rows` zero. Columns
/// from x's last to `padded`, a multiple of Block, are zero. Runs are of `Run` blocks.
template <int Slices, index_t Block, index_t Run, As Written = As::digits, Operand X>
void write_digits(X const& x, index_t first, index_t rows, index_t tokens, index_t padded,
                  int offset, uint8_t* to, float* scales) noexcept {
  constexpr bool all = Written == As::all_words;
  constexpr index_t token_bytes = Written == As::digits
                                      ? DigitLayout{Slices, Block, 1}.token_bytes()
                                      : WordLayout{Slices, Block, all}.token_bytes();
  Chunks<Block, X> chunks{x};
  index_t const cols = shape_of(x).cols;
  for (index_t t = 0; t < tokens; ++t) {
    uint8_t* token = to + t * token_bytes;
    TokenScale scale;
    if (t < rows) {
      uint32_t amax = 0;
      for (index_t col = 0; col < cols; col += chunks.size) {
        Chunk const some = chunks.read(first + t, col);
        amax = (std::max)(amax, largest_magnitude(some.values, some.count));
      }
      scale = token_scale(amax, Slices);
    }
    scales[t] = scale.scale;
    index_t written = 0;
    if (scale.to_integer != 0.0f) {
      [[maybe_unused]] uint8_t* run = nullptr;  // the first block of a run, for one slice
      [[maybe_unused]] __m256i total = _mm256_setzero_si256();
      auto const write_seed = [&] {
        int32_t const seed = -offset * sum_of(total);
        std::memcpy(run + Block, &seed, sizeof seed);
      };
      for (index_t col = 0; col < cols; col += chunks.size) {
        Chunk const some = chunks.read(first + t, col);
        for (index_t i = 0; i < some.count; i += Block, token += tokens * token_bytes) {
          if constexpr (Written != As::digits) {
            write_words<Slices, Block, all>(some.values + i, scale.to_integer, offset, token);
          } else if constexpr (Slices == 1) {
            if ((written + i) / Block % Run == 0) {
              if (run != nullptr)
                write_seed();
              run = token;
              total = _mm256_setzero_si256();
            } else {
              std::memset(token + Block, 0, sizeof(int32_t));
            }
            total = _mm256_add_epi32(total,
                                     write_bytes<Block>(some.values + i, scale.to_integer, token));
          } else {
            write_block<Slices, Block>(some.values + i, scale.to_integer, offset, token);
          }
        }
        written += some.count;
      }
      if (run != nullptr)
        write_seed();
    }
    for (; written < padded; written += Block, token += tokens * token_bytes) {
      if constexpr (all) {  // zeros, which are not all zero bytes: low words are 128 more
        static constexpr float zeros[std::size_t{Block}] = {};
        write_words<Slices, Block, all>(zeros, 0.0f, offset, token);
      } else {
        std::memset(token, 0, static_cast<std::size_t>(token_bytes));
      }
    }
  }
}

/// The same with one digit and a scale for each block, in units of a power of two for each token,
/// since kernels leave powers of two out of the weights' scales; see DigitLayout and WordLayout.
template <index_t Block, bool Words = false, Operand X>
void write_scaled_blocks(X const& x, index_t first, index_t rows, index_t tokens, index_t padded,
                         int offset, uint8_t* to, float* scales) noexcept {
  constexpr index_t token_bytes = Words ? WordLayout{1, Block, true, true}.token_bytes()
                                        : DigitLayout{1, Block, 1, true}.token_bytes();
  constexpr uint32_t smallest = uint32_t{127 - 100} << 23;  // 2^-100
  Chunks<Block, X> chunks{x};
  index_t const cols = shape_of(x).cols;
  for (index_t t = 0; t < tokens; ++t) {
    uint8_t* token = to + t * token_bytes;
    uint32_t most = smallest;
    index_t written = 0;
    if (t < rows) {
      for (index_t col = 0; col < cols; col += chunks.size) {
        Chunk const some = chunks.read(first + t, col);
        most = (std::max)(most, largest_magnitude(some.values, some.count));
      }
      float const unit = bit_cast<float>(most & 0x7F800000u);
      scales[t] = unit;
      for (index_t col = 0; col < cols; col += chunks.size) {
        Chunk const some = chunks.read(first + t, col);
        for (index_t i = 0; i < some.count; i += Block, token += tokens * token_bytes) {
          TokenScale const scale = token_scale(largest_magnitude(some.values + i, Block), 1);
          if (scale.to_integer == 0.0f) {
            std::memset(token, 0, static_cast<std::size_t>(token_bytes));
          } else if constexpr (Words) {
            write_words<1, Block, true>(some.values + i, scale.to_integer, offset, token);
          } else {
            int32_t const seed =
                -offset * sum_of(write_bytes<Block>(some.values + i, scale.to_integer, token));
            std::memcpy(token + Block, &seed, sizeof seed);
          }
          float const relative = scale.scale / unit;
          std::memcpy(token + token_bytes - 4, &relative, sizeof relative);
        }
        written += some.count;
      }
    } else {
      scales[t] = 0.0f;
    }
    for (; written < padded; written += Block, token += tokens * token_bytes)
      std::memset(token, 0, static_cast<std::size_t>(token_bytes));
  }
}

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET

#endif
