// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/integer.hpp>
#include <qfmt/packing/pack.hpp>

namespace qfmt {

/// The order of compressed-tensors' "pack-quantized": each row is one little-endian bit stream cut
/// into 32-bit words, and signed integers are stored with an offset, as q + 2^(bits - 1). Values of
/// 3, 5, 6 and 7 bits straddle words. The bits behind the last value are zero (not the code of
/// zero).
///
/// On a little-endian machine the words are the bytes of pack(), with the sign bits flipped.
struct DenseWords {
  static constexpr char const* name = "dense";

  template <IntegerFormat F>
  QFMT_HOST_DEVICE static constexpr index_t words(index_t count) noexcept {
    return ceil_div(count * F::bits, 32);
  }

  template <IntegerFormat F>
  QFMT_HOST_DEVICE static constexpr void store(Code<F> const* codes, index_t count,
                                               uint32_t* out) noexcept {
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
    if (filled > 0)
      *out = static_cast<uint32_t>(window);
  }

  template <IntegerFormat F>
  QFMT_HOST_DEVICE static constexpr void load(uint32_t const* in, index_t count,
                                              Code<F>* codes) noexcept {
    uint64_t window = 0;
    int filled = 0;
    for (index_t i = 0; i < count; ++i) {
      if (filled < F::bits) {
        window |= static_cast<uint64_t>(*in++) << filled;
        filled += 32;
      }
      codes[i] = {static_cast<typename F::storage_type>(
          (static_cast<uint32_t>(window) & F::code_mask) ^ sign_bit<F>)};
      window >>= F::bits;
      filled -= F::bits;
    }
  }

 private:
  template <IntegerFormat F>
  static constexpr uint32_t sign_bit = F::is_signed ? uint32_t{1} << (F::bits - 1) : 0;
};

/// The order of the same format before May 2026: floor(32 / bits) values in each word, its highest
/// bits unused. The same words for 1, 2, 4 and 8 bits, others for 3, 5, 6 and 7.
struct WholeWords {
  static constexpr char const* name = "whole";

  template <IntegerFormat F>
  static constexpr index_t values_in_word = 32 / F::bits;

  template <IntegerFormat F>
  QFMT_HOST_DEVICE static constexpr index_t words(index_t count) noexcept {
    return ceil_div(count, values_in_word<F>);
  }

  template <IntegerFormat F>
  QFMT_HOST_DEVICE static constexpr void store(Code<F> const* codes, index_t count,
                                               uint32_t* out) noexcept {
    for (index_t k = 0; k < words<F>(count); ++k) out[k] = 0;
    for (index_t i = 0; i < count; ++i) {
      out[i / values_in_word<F>] |=
          (static_cast<uint32_t>(codes[i].bits) ^ offset<F>) << (i % values_in_word<F> * F::bits);
    }
  }

  template <IntegerFormat F>
  QFMT_HOST_DEVICE static constexpr void load(uint32_t const* in, index_t count,
                                              Code<F>* codes) noexcept {
    for (index_t i = 0; i < count; ++i) {
      uint32_t const stored =
          in[i / values_in_word<F>] >> (i % values_in_word<F> * F::bits) & F::code_mask;
      codes[i] = {static_cast<typename F::storage_type>(stored ^ offset<F>)};
    }
  }

 private:
  template <IntegerFormat F>
  static constexpr uint32_t offset = F::is_signed ? uint32_t{1} << (F::bits - 1) : 0;
};

/// A place in a matrix of 32-bit words, eight 4-bit codes in each.
struct WordPlace {
  index_t row;
  index_t col;
  int shift;  // of the code's lowest bit
  QFMT_HOST_DEVICE friend constexpr bool operator==(WordPlace const&, WordPlace const&) = default;
};

/// GPTQ's `qweight` (K / 8, N): the codes of eight consecutive inputs in one word, lowest first.
/// Weight element (n, k) of a matrix (N, K).
struct GptqOrder {
  static constexpr char const* name = "gptq";
  QFMT_HOST_DEVICE static constexpr WordPlace place(index_t n, index_t k) noexcept {
    return {k / 8, n, static_cast<int>(k % 8) * 4};
  }
};

/// AutoAWQ's `qweight` (K, N / 8): the codes of eight consecutive outputs in one word, even ones in
/// the lower half: 0, 2, 4, 6, 1, 3, 5, 7.
struct AwqOrder {
  static constexpr char const* name = "awq";
  QFMT_HOST_DEVICE static constexpr WordPlace place(index_t n, index_t k) noexcept {
    int const within = static_cast<int>(n % 8);
    return {k, n / 8, (within % 2 * 4 + within / 2) * 4};
  }
};

}  // namespace qfmt
