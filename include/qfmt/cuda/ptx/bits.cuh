// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/bit.hpp>

// Single instructions that C++ has no name for. On the host each is what the PTX manual says of it,
// in C++, so that whatever is built of them can be tested without a device.

namespace qfmt::cuda::ptx {

/// prmt.b32: four bytes chosen from the eight of b:a. Each nibble of the selector chooses one: its
/// low three bits say which byte (0 to 3 of a, 4 to 7 of b); its top bit asks for eight copies of
/// that byte's sign instead.
[[nodiscard]] QFMT_HOST_DEVICE constexpr uint32_t permute(uint32_t a, uint32_t b,
                                                          uint32_t selector) noexcept {
#if defined(__CUDA_ARCH__)
  if (!__builtin_is_constant_evaluated()) {
    uint32_t d = 0;
    asm("prmt.b32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(selector));
    return d;
  }
#endif
  uint64_t const bytes = uint64_t{b} << 32 | a;
  uint32_t d = 0;
  for (int i = 0; i < 4; ++i) {
    uint32_t const nibble = selector >> (4 * i) & 15;
    uint32_t byte = static_cast<uint32_t>(bytes >> (8 * (nibble & 7))) & 0xFF;
    if ((nibble & 8) != 0)
      byte = (byte & 0x80) != 0 ? 0xFF : 0x00;
    d |= byte << (8 * i);
  }
  return d;
}

/// (a & mask) ^ bits, in one lop3.b32.
[[nodiscard]] QFMT_HOST_DEVICE constexpr uint32_t and_xor(uint32_t a, uint32_t mask,
                                                          uint32_t bits) noexcept {
#if defined(__CUDA_ARCH__)
  if (!__builtin_is_constant_evaluated()) {
    uint32_t d = 0;
    asm("lop3.b32 %0, %1, %2, %3, 0x6A;" : "=r"(d) : "r"(a), "r"(mask), "r"(bits));
    return d;
  }
#endif
  return (a & mask) ^ bits;
}

/// x, of which the compiler knows nothing any more: it cannot merge what follows with what was
/// before, and does not unroll a loop with so many turns.
template <class T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr T opaque(T x) noexcept {
#if defined(__CUDA_ARCH__)
  if (!__builtin_is_constant_evaluated())
    asm("" : "+r"(x));
#endif
  return x;
}

}  // namespace qfmt::cuda::ptx
