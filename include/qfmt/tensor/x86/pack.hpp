// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/packing/pack.hpp>

// pack and unpack (packing/pack.hpp) for rows: the same bytes. Nibbles go through vectors; of other
// widths eight codes at a time are deposited in, or extracted from, as many bytes as a code has bits.

#if defined(QFMT_X86)
#include <immintrin.h>

namespace qfmt::x86 {

/// The bits that a code uses of its byte, eight times.
template <ElementFormat F>
inline constexpr uint64_t eight_codes = ((uint64_t{1} << F::bits) - 1) * 0x0101010101010101u;

}  // namespace qfmt::x86

QFMT_BEGIN_AVX2
namespace qfmt::x86::avx2 {

template <ElementFormat F>
requires(F::bits <= 8) inline void pack_row(Code<F> const* codes, index_t count, uint8_t* bytes,
                                            index_t capacity) noexcept {
  index_t done = 0;
  if constexpr (F::bits == 4) {
    __m256i const weights = _mm256_set1_epi16(0x1001);  // low code + 16 * high code
    for (; done + 64 <= count; done += 64) {
      auto const* const from = reinterpret_cast<__m256i const*>(codes + done);
      __m256i const a = _mm256_maddubs_epi16(_mm256_loadu_si256(from), weights);
      __m256i const b = _mm256_maddubs_epi16(_mm256_loadu_si256(from + 1), weights);
      __m256i const packed = _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xD8);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(bytes + done / 2), packed);
    }
  } else if constexpr (F::bits < 8) {
    for (; done + 8 <= count; done += 8) {
      uint64_t wide = 0;
      __builtin_memcpy(&wide, codes + done, 8);
      uint64_t const packed = _pext_u64(wide, eight_codes<F>);
      // Whole words where there is room: what is too much is overwritten by what follows.
      index_t const at = done / 8 * F::bits;
      if (at + 8 <= capacity) {
        __builtin_memcpy(bytes + at, &packed, 8);
      } else {
        __builtin_memcpy(bytes + at, &packed, F::bits);
      }
    }
  }
  if constexpr (F::bits == 8) {
    __builtin_memcpy(bytes, codes, static_cast<size_t>(count));
    done = count;
  }
  index_t const written = done * F::bits / 8;
  pack<F>(codes + done, count - done, bytes + written, capacity - written);
}

/// Codes [first, first + count) of a packed row, one to a byte.
template <ElementFormat F>
requires(F::bits <= 8) inline void unpack_row(uint8_t const* bytes, index_t first, index_t count,
                                              Code<F>* codes) noexcept {
  PackedSpan<F, uint8_t const> const row{bytes, first + count};
  index_t done = 0;
  for (; (first + done) % 8 != 0 && done < count; ++done) codes[done] = row[first + done];
  uint8_t const* from = bytes + (first + done) / 8 * F::bits;
  if constexpr (F::bits == 4) {
    __m128i const low_half = _mm_set1_epi8(15);
    for (; done + 32 <= count; done += 32, from += 16) {
      __m128i const pairs = _mm_loadu_si128(reinterpret_cast<__m128i const*>(from));
      __m128i const low = _mm_and_si128(pairs, low_half);
      __m128i const high = _mm_and_si128(_mm_srli_epi16(pairs, 4), low_half);
      auto* const to = reinterpret_cast<__m128i*>(codes + done);
      _mm_storeu_si128(to, _mm_unpacklo_epi8(low, high));
      _mm_storeu_si128(to + 1, _mm_unpackhi_epi8(low, high));
    }
  }
  uint8_t const* const end = bytes + packed_bytes<F>(first + count);
  for (; done + 8 <= count; done += 8, from += F::bits) {
    uint64_t packed = 0;
    if (end - from >= 8) {
      __builtin_memcpy(&packed, from, 8);
    } else {
      __builtin_memcpy(&packed, from, F::bits);
    }
    uint64_t const wide = _pdep_u64(packed, eight_codes<F>);
    __builtin_memcpy(static_cast<void*>(codes + done), &wide, 8);
  }
  for (; done < count; ++done) codes[done] = row[first + done];
}

}  // namespace qfmt::x86::avx2
QFMT_END_TARGET
#endif
