// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include <qfmt/tensor/x86/real.hpp>

#if defined(QFMT_X86)
#include <immintrin.h>

QFMT_BEGIN_AVX512
namespace qfmt::x86::avx512 {

/// Writes a row past the caches: whole cache lines go to memory without being read first.
/// `produce(first, count, to)` makes values [first, first + count) at `to`, which is in cache and
/// aligned to a line. The pieces are short, so that the processor makes the next one while the last
/// one is on its way. Precondition: count >= 16.
///
/// The lines of the row begin `shift` values before those that are made, so each is put together in
/// a register from two vectors: read back from memory it would have to wait for both to arrive.
template <class Produce>
inline void stream_row(float* values, index_t count, Produce const& produce) noexcept {
  constexpr index_t step = 512;
  alignas(64) float piece[step];
  auto const shift = static_cast<index_t>(reinterpret_cast<std::uintptr_t>(values) % 64 / 4);
  float* line = values - shift;
  __m512i const lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  __m512i const from = _mm512_add_epi32(lane, _mm512_set1_epi32(static_cast<int>(16 - shift)));
  __m512 before = _mm512_setzero_ps();
  for (index_t first = 0; first < count; first += step) {
    index_t const here = (std::min)(step, count - first);
    produce(first, here, piece);
    index_t i = 0;
    for (; i + 16 <= here; i += 16, line += 16) {
      __m512 const next = _mm512_load_ps(piece + i);
      __m512 const whole = _mm512_permutex2var_ps(before, from, next);
      if (first + i == 0) {
        _mm512_mask_storeu_ps(line, static_cast<__mmask16>(0xFFFFu << shift), whole);
      } else {
        _mm512_stream_ps(line, whole);
      }
      before = next;
    }
    index_t const more = here - i;
    if (first + here == count) {
      __m512 const last = _mm512_maskz_loadu_ps(first_lanes(more), piece + i);
      _mm512_mask_storeu_ps(line, first_lanes(shift + more),
                            _mm512_permutex2var_ps(before, from, last));
      if (shift + more > 16) {
        _mm512_mask_storeu_ps(line + 16, first_lanes(shift + more - 16),
                              _mm512_permutex2var_ps(last, from, last));
      }
    }
  }
  _mm_sfence();  // before another thread is told
}

}  // namespace qfmt::x86::avx512
QFMT_END_TARGET
#endif
