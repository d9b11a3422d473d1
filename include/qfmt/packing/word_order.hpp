// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/integer.hpp>
#include <qfmt/packing/pack.hpp>

namespace qfmt {

/// The order of compressed-tensors' "pack-quantized": each row is one little-endian bit stream cut into
/// 32-bit words, and signed integers are stored with an offset, as q + 2^(bits - 1). Values of 3, 5, 6
/// and 7 bits straddle words. The bits behind the last value are zero (not the code of zero).
///
/// On a little-endian machine the words are the bytes of pack(), with the sign bits flipped.
struct DenseWords {
  static constexpr char const* name = "dense";

  template <IntegerFormat F>
  QFMT_HOST_DEVICE static constexpr index_t words(index_t count) noexcept {
    return ceil_div(count * F::bits, 32);
  }

  template <IntegerFormat F>
  QFMT_HOST_DEVICE static constexpr void store(Code<F> const* codes, index_t count, uint32_t* out) noexcept {
    uint64_t window = 0;
    int filled = 0;
    for (index_t i = 0; i < count; ++i) {
      window |= static_cast<uint64_t>(codes[i].bits ^ sign_bit<F>) << filled;
      filled += F::bits;
      if (filled >= 32) {
        *out++ = static_cast<uint32_t>(window);
        window >>= 32;
        filled -= 32;
      }
    }
    if (filled > 0) *out = static_cast<uint32_t>(window);
  }

  template <IntegerFormat F>
  QFMT_HOST_DEVICE static constexpr void load(uint32_t const* in, index_t count, Code<F>* codes) noexcept {
    uint64_t window = 0;
    int filled = 0;
    for (index_t i = 0; i < count; ++i) {
      if (filled < F::bits) {
        window |= static_cast<uint64_t>(*in++) << filled;
        filled += 32;
      }
      codes[i] = {static_cast<typename F::storage_type>((static_cast<uint32_t>(window) & F::code_mask) ^ sign_bit<F>)};
      window >>= F::bits;
      filled -= F::bits;
    }
  }

 private:
  template <IntegerFormat F>
  static constexpr uint32_t sign_bit = F::is_signed ? uint32_t{1} << (F::bits - 1) : 0;
};

}  // namespace qfmt
