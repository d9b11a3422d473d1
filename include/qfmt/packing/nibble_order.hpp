// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/packing/pack.hpp>

// Which half of which byte holds element i of a row of 4-bit codes. LowFirst is what pack() does
// and what nearly everybody uses; the others are for exchange with those who do not.

namespace qfmt {

/// A place in a row of nibbles.
struct NibblePlace {
  index_t byte;
  bool high;
  QFMT_HOST_DEVICE friend constexpr bool operator==(NibblePlace const&,
                                                    NibblePlace const&) = default;
};

/// Even elements in the low half: compressed-tensors, ModelOpt's FP4, CUDA's x2 and x4 types, ONNX.
struct LowFirst {
  static constexpr char const* name = "low_first";
  QFMT_HOST_DEVICE static constexpr NibblePlace place(index_t i) noexcept {
    return {i / 2, i % 2 != 0};
  }
};

/// Even elements in the high half: bitsandbytes, ModelOpt's INT4.
struct HighFirst {
  static constexpr char const* name = "high_first";
  QFMT_HOST_DEVICE static constexpr NibblePlace place(index_t i) noexcept {
    return {i / 2, i % 2 == 0};
  }
};

/// Blocks of Block elements: the first half of a block in the low halves of its bytes, the second
/// half in the high ones. GGUF: Block is 32 for MXFP4 and Q4_0, 16 for NVFP4.
template <index_t Block>
requires(Block > 0 && Block % 2 == 0) struct SplitHalves {
  static constexpr char const* name = "split_halves";
  QFMT_HOST_DEVICE static constexpr NibblePlace place(index_t i) noexcept {
    index_t const within = i % Block;
    return {i / Block * (Block / 2) + within % (Block / 2), within >= Block / 2};
  }
};

template <class O>
concept NibbleOrder = requires(index_t i) {
  { O::name } -> convertible_to<char const*>;
  { O::place(i) } -> same_as<NibblePlace>;
};

static_assert(NibbleOrder<LowFirst> && NibbleOrder<HighFirst> && NibbleOrder<SplitHalves<32>>);
static_assert(SplitHalves<32>::place(33 + 16) == NibblePlace{17, true});

/// Moves a row of `count` 4-bit codes from one order to another. Both rows take the bytes of whole
/// blocks; what is behind the last element becomes zero.
template <NibbleOrder From, NibbleOrder To>
QFMT_HOST_DEVICE constexpr void reorder_nibbles(uint8_t const* from, index_t count, uint8_t* to,
                                                index_t to_bytes) noexcept {
  for (index_t i = 0; i < to_bytes; ++i) to[i] = 0;
  for (index_t i = 0; i < count; ++i) {
    NibblePlace const source = From::place(i);
    NibblePlace const target = To::place(i);
    uint32_t const code = source.high ? from[source.byte] >> 4 : from[source.byte] & 15u;
    to[target.byte] = static_cast<uint8_t>(to[target.byte] | (target.high ? code << 4 : code));
  }
}

}  // namespace qfmt
