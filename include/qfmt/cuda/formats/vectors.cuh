// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

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

}  // namespace qfmt::cuda
