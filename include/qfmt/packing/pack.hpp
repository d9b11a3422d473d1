// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/shape.hpp>
#include <qfmt/formats/format.hpp>

// Codes in memory: one little-endian bit stream for each row. Element i of a row occupies bits
// [i * F::bits, (i + 1) * F::bits), counted from the lowest bit of byte 0:
//
//     4 bits    byte 0: 1111 0000    byte 1: 3333 2222        (the digit is the element)
//     6 bits    byte 0: 11 000000    byte 1: 2222 1111    byte 2: 333333 22
//     8 bits    one byte each;  16 bits: two bytes, low byte first
//
// Rows start on whole bytes; the bits behind the last element of a row are zero.

namespace qfmt {

/// Bytes that `count` codes of F take.
template <ElementFormat F>
QFMT_HOST_DEVICE constexpr index_t packed_bytes(index_t count) noexcept {
  return ceil_div(count * F::bits, 8);
}

/// A row of packed codes that somebody else owns, with access to any element. Byte is `uint8_t` or
/// `uint8_t const`.
template <ElementFormat F, class Byte = uint8_t>
struct PackedSpan {
  static_assert(F::bits <= 10 || F::bits == 12 || F::bits == 16, "codes lie in two bytes at most");

  Byte* bytes = nullptr;
  index_t size = 0;  // elements

  QFMT_HOST_DEVICE constexpr Code<F> operator[](index_t i) const noexcept {
    index_t const first_bit = i * F::bits;
    Byte* const p = bytes + first_bit / 8;
    int const offset = static_cast<int>(first_bit % 8);
    uint32_t window = p[0];
    if (offset + F::bits > 8)
      window |= static_cast<uint32_t>(p[1]) << 8;
    return {static_cast<typename F::storage_type>((window >> offset) & mask)};
  }

  QFMT_HOST_DEVICE constexpr void set(index_t i, Code<F> code) const noexcept
      requires(!is_same_v<Byte, Byte const>) {
    index_t const first_bit = i * F::bits;
    Byte* const p = bytes + first_bit / 8;
    int const offset = static_cast<int>(first_bit % 8);
    uint32_t const value = static_cast<uint32_t>(code.bits) << offset;
    uint32_t const keep = ~(mask << offset);
    p[0] = static_cast<uint8_t>((p[0] & keep) | value);
    if (offset + F::bits > 8)
      p[1] = static_cast<uint8_t>((p[1] & (keep >> 8)) | (value >> 8));
  }

 private:
  static constexpr uint32_t mask = (uint32_t{1} << F::bits) - 1;
};

/// Packs `count` codes from `codes` into `bytes`, and zeros up to `capacity` bytes.
/// Precondition: packed_bytes<F>(count) <= capacity.
template <ElementFormat F>
QFMT_HOST_DEVICE constexpr void pack(Code<F> const* codes, index_t count, uint8_t* bytes,
                                     index_t capacity) noexcept {
  index_t out = 0;
  if constexpr (F::bits == 8) {
    for (; out < count; ++out) bytes[out] = codes[out].bits;
  } else if constexpr (F::bits == 4) {
    for (; out < count / 2; ++out) {
      bytes[out] = static_cast<uint8_t>(codes[2 * out].bits | codes[2 * out + 1].bits << 4);
    }
    if (count % 2 != 0)
      bytes[out++] = codes[count - 1].bits;
  } else {
    uint64_t window = 0;
    int filled = 0;
    for (index_t i = 0; i < count; ++i) {
      window |= static_cast<uint64_t>(codes[i].bits) << filled;
      for (filled += F::bits; filled >= 8; filled -= 8) {
        bytes[out++] = static_cast<uint8_t>(window);
        window >>= 8;
      }
    }
    if (filled > 0)
      bytes[out++] = static_cast<uint8_t>(window);
  }
  while (out < capacity) bytes[out++] = 0;
}

/// The inverse of pack.
template <ElementFormat F>
QFMT_HOST_DEVICE constexpr void unpack(uint8_t const* bytes, index_t count,
                                       Code<F>* codes) noexcept {
  PackedSpan<F, uint8_t const> const row{bytes, count};
  for (index_t i = 0; i < count; ++i) codes[i] = row[i];
}

}  // namespace qfmt
