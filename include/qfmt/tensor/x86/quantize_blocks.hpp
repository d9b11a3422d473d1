// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/tensor/x86/blocks_avx2.hpp>
#include <qfmt/tensor/x86/blocks_avx512.hpp>

// A row in blocks of 16 or 32 that share a scale, NVFP4 and the MX formats, quantized in one pass:
// some blocks at a time are read, their largest magnitudes found side by side, their scales too, and
// the elements read again, from the first-level cache, and encoded. The same bytes as fitting and
// encoding each block on its own. What an instruction set does is its BlockKernel.
//
// A power-of-two scale is not divided by but multiplied by its inverse, which is exact: x / 2^k and
// x * 2^-k are the same real number, rounded once, and 2^-k is a binary32 for every E8M0 scale,
// 2^-127 to 2^127.

#if defined(QFMT_X86)

namespace qfmt::x86 {

/// Encodes `count` values of whole blocks with scales that were found, one value after the other.
template <ElementFormat F, class Policy, Profile N, Real T, index_t Block>
void quantize_portably(float const* values, index_t count, typename Policy::Global global,
                       typename Policy::Stored const* scales, uint8_t* bytes) noexcept {
  for (index_t first = 0; first < count; first += Block) {
    Code<F> codes[size_t{Block}];
    float const prepared = Policy::template prepare<N>(scales[first / Block], global);
    for (index_t i = 0; i < Block; ++i)
      codes[i] = quantize_value<F, Policy, N, T>(values[first + i], prepared, 0.0f);
    pack<F>(codes, Block, bytes + packed_bytes<F>(first), packed_bytes<F>(Block));
  }
}

/// Quantizes groups of whole blocks. All scales of a strip come first: the latencies of their
/// divisions overlap, and the strip is still in the first-level cache when it is encoded.
template <class Kernel, ByteFormat F, class Policy, Profile N, Real T, index_t Block>
bool quantize_groups(float const* values, index_t groups, typename Policy::Global global,
                     typename Policy::Stored* scales, uint8_t* bytes) noexcept {
  constexpr index_t group = Kernel::blocks_at_a_time * Block;
  constexpr index_t strip = 2048 / group;
  for (index_t first = 0; first < groups; first += strip) {
    index_t const here = groups - first < strip ? groups - first : strip;
    alignas(64) float divisors[size_t{2048 / Block}];
    bool plain = true;
    float const* const from = values + first * group;
    auto* const to_scales = scales + first * Kernel::blocks_at_a_time;
    uint8_t* const to = bytes + packed_bytes<F>(first * group);
    if (!Kernel::template fit<F, Policy, N, T, Block>(from, here, global, to_scales, divisors,
                                                      plain))
      return false;
    if (plain) {
      Kernel::template encode<F, Policy, N, T, Block>(from, here * group, divisors, to);
    } else {
      quantize_portably<F, Policy, N, T, Block>(from, here * group, global, to_scales, to);
    }
  }
  return true;
}

/// Quantizes a row of `count` values in blocks: scales, and packed codes with zeros up to
/// `row_bytes`, the bytes of whole blocks. False, with the output unspecified, when a value is not
/// finite.
template <class Kernel, ByteFormat F, class Policy, Profile N, Real T, index_t Block>
bool quantize_row(float const* values, index_t count, typename Policy::Global global,
                  typename Policy::Stored* scales, uint8_t* bytes, index_t row_bytes) noexcept {
  constexpr index_t group = Kernel::blocks_at_a_time * Block;
  index_t const whole = count / group * group;
  if (!quantize_groups<Kernel, F, Policy, N, T, Block>(values, count / group, global, scales,
                                                       bytes))
    return false;
  if (whole == count)
    return true;
  // The rest of the row among zeros, in memory of its own.
  float last_values[size_t{group}] = {};
  typename Policy::Stored last_scales[size_t{Kernel::blocks_at_a_time}];
  uint8_t last_bytes[size_t{packed_bytes<F>(group)}];
  __builtin_memcpy(last_values, values + whole, static_cast<size_t>(count - whole) * sizeof(float));
  if (!quantize_groups<Kernel, F, Policy, N, T, Block>(last_values, 1, global, last_scales,
                                                       last_bytes))
    return false;
  for (index_t block = 0; block < ceil_div(count - whole, Block); ++block)
    scales[whole / Block + block] = last_scales[block];
  // A zero among a block's padding need not have code 0: 0 / -1 is -0.
  index_t const used_bits = (count - whole) * F::bits;
  index_t const used = packed_bytes<F>(count - whole);
  if (used_bits % 8 != 0)
    last_bytes[used - 1] = static_cast<uint8_t>(last_bytes[used - 1] & ((1 << used_bits % 8) - 1));
  index_t const done = packed_bytes<F>(whole);
  for (index_t i = done; i < row_bytes; ++i)
    bytes[i] = i - done < used ? last_bytes[i - done] : uint8_t{0};
  return true;
}

}  // namespace qfmt::x86
#endif
