// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/random.hpp>
#include <qfmt/formats/real.hpp>

// Small vectors in registers. Both are plain words, so that they are loaded and stored with one
// instruction and go into the operands of mma as they are.

namespace qfmt::cuda {

/// N codes of F side by side, as pack() lays them out: code i in bits [i * F::bits, ...) of a
/// little-endian bit stream. What lies behind the last code is zero.
template <ElementFormat F, int N>
struct Codes {
  static constexpr int words = (N * F::bits + 31) / 32;
  uint32_t word[size_t{words}]{};

  [[nodiscard]] QFMT_HOST_DEVICE constexpr Code<F> operator[](int i) const noexcept {
    int const bit = i * F::bits;
    uint64_t stream = word[bit / 32];
    if (bit % 32 + F::bits > 32)
      stream |= uint64_t{word[bit / 32 + 1]} << 32;
    return {static_cast<typename F::storage_type>(stream >> (bit % 32) & mask)};
  }
  QFMT_HOST_DEVICE constexpr void set(int i, Code<F> code) noexcept {
    int const bit = i * F::bits;
    uint64_t const at = uint64_t{code.bits} << (bit % 32);
    uint64_t const hole = ~(mask << (bit % 32));
    word[bit / 32] = (word[bit / 32] & static_cast<uint32_t>(hole)) | static_cast<uint32_t>(at);
    if (bit % 32 + F::bits > 32) {
      word[bit / 32 + 1] = (word[bit / 32 + 1] & static_cast<uint32_t>(hole >> 32)) |
                           static_cast<uint32_t>(at >> 32);
    }
  }

 private:
  static constexpr uint64_t mask = (uint64_t{1} << F::bits) - 1;
};

/// N numbers: binary32 one for each word, BF16 and FP16 two, the first in the low half.
template <Real T, int N>
struct Values {
  static constexpr int words = (N + 1) / 2;
  uint32_t word[size_t{words}]{};

  [[nodiscard]] QFMT_HOST_DEVICE constexpr float operator[](int i) const noexcept {
    return to_float(T{static_cast<uint16_t>(word[i / 2] >> (i % 2 * 16))});
  }
  QFMT_HOST_DEVICE constexpr void set(int i, float x) noexcept {
    int const shift = i % 2 * 16;
    word[i / 2] = (word[i / 2] & ~(0xFFFFu << shift)) | uint32_t{from_float<T>(x).bits} << shift;
  }
};
template <int N>
struct Values<float, N> {
  static constexpr int words = N;
  uint32_t word[size_t{words}]{};

  [[nodiscard]] QFMT_HOST_DEVICE constexpr float operator[](int i) const noexcept {
    return bit_cast<float>(word[i]);
  }
  QFMT_HOST_DEVICE constexpr void set(int i, float x) noexcept { word[i] = bit_cast<uint32_t>(x); }
};

/// The bits of the largest magnitude: those of a NaN if there is one.
template <int N>
[[nodiscard]] QFMT_HOST_DEVICE constexpr uint32_t largest_magnitude(
    Values<float, N> const& x) noexcept {
  uint32_t largest = 0;
  for (int i = 0; i < N; ++i) {
    uint32_t const magnitude = x.word[i] & 0x7FFFFFFFu;
    largest = largest > magnitude ? largest : magnitude;
  }
  return largest;
}

/// Random bits for N elements, 32 for each.
template <int N>
struct RandomWords {
  uint32_t word[size_t{N}]{};
};

/// The bits of elements index to index + N - 1: random(index + i, stream) for each. A block of the
/// generator serves four elements; an index that is no multiple of 4 may need one block more.
template <int N>
[[nodiscard]] QFMT_HOST_DEVICE constexpr RandomWords<N> random_words(Philox const& random,
                                                                     uint64_t index,
                                                                     uint64_t stream = 0) noexcept {
  constexpr int blocks = (N + 3) / 4;
  int const offset = static_cast<int>(index % 4);
  uint32_t drawn[size_t{4 * (blocks + 1)}]{};
  for (int b = 0; b <= blocks; ++b) {
    if (b < blocks || offset + N > 4 * blocks) {
      auto const block = random.block(index / 4 + static_cast<uint64_t>(b), stream);
      for (int i = 0; i < 4; ++i) drawn[4 * b + i] = block.words[i];
    }
  }
  // A shift by two places and by one, so that registers are not indexed by a variable.
  RandomWords<N> words;
  for (int i = 0; i < N; ++i) {
    uint32_t const even = (offset & 2) != 0 ? drawn[i + 2] : drawn[i];
    uint32_t const odd = (offset & 2) != 0 ? drawn[i + 3] : drawn[i + 1];
    words.word[i] = (offset & 1) != 0 ? odd : even;
  }
  return words;
}

}  // namespace qfmt::cuda
