// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/cuda/formats/vectors.cuh>
#include <qfmt/cuda/ptx/bits.cuh>
#include <qfmt/cuda/ptx/convert.cuh>
#include <qfmt/cuda/ptx/pairs.cuh>
#include <qfmt/formats/e2m1.hpp>
#include <qfmt/formats/e4m3.hpp>
#include <qfmt/formats/e5m2.hpp>
#include <qfmt/formats/int4.hpp>
#include <qfmt/formats/int8.hpp>
#include <qfmt/formats/uint4.hpp>
#include <qfmt/formats/uint8.hpp>

// Codes to numbers, several at a time. Every path gives what the scalar decode gives; the host runs
// the same code over the same words, with the instructions written out in C++ (ptx/).

namespace qfmt::cuda {

namespace detail {

/// Four 16-bit numbers.
struct FourHalves {
  uint32_t first = 0;
  uint32_t second = 0;
};

/// Four codes, in the low bits of a word, to four numbers of a 16-bit T. Formats without a
/// specialisation are decoded one by one.
template <ElementFormat F, class T>
struct DecodeFour;

/// The byte table of 8 entries for permute(): byte `Byte` of the T nearest to each of the codes
/// First to First + 7, four in each word.
template <ElementFormat F, Real T>
struct ByteTable {
  uint32_t low = 0;
  uint32_t high = 0;
  QFMT_HOST_DEVICE constexpr ByteTable(int byte) noexcept {
    for (int i = 0; i < 8; ++i) {
      uint32_t const bits = from_float<T>(decode(Code<F>{static_cast<uint8_t>(i)})).bits;
      (i < 4 ? low : high) |= (bits >> (8 * byte) & 0xFF) << (8 * (i % 4));
    }
  }
};

/// E2M1 by table: the low three bits of a code choose the bytes of its magnitude, the fourth its
/// sign. No multiplication, so nothing depends on how subnormals are treated.
template <Real T>
struct DecodeFour<E2M1, T> {
  QFMT_HOST_DEVICE static constexpr FourHalves decode(uint32_t codes) noexcept {
#if defined(QFMT_HAS_CVT_FP4)
    if (!__builtin_is_constant_evaluated()) {
      uint32_t const a = ptx::e2m1x2_to_f16x2(codes);
      uint32_t const b = ptx::e2m1x2_to_f16x2(codes >> 8);
      if constexpr (same_as<T, Code<FP16>>)
        return {a, b};
      else
        return {ptx::f16x2_to_bf16x2(a), ptx::f16x2_to_bf16x2(b)};
    }
#endif
    constexpr ByteTable<E2M1, T> upper{1};
    constexpr ByteTable<E2M1, T> lower{0};
    //   codes     s mmm s mmm s mmm s mmm
    //   choice    0 mmm 0 mmm 0 mmm 0 mmm     a nibble for each byte of the magnitudes
    //   signs     s 00s s 00s s 00s s 00s     0: byte 0, which is zero; 9: copies of byte 1's sign
    uint32_t const choice = codes & 0x7777;
    uint32_t const sign = codes & 0x8888;
    uint32_t const signs = ptx::permute(0x00008000, 0, sign | sign >> 3);
    uint32_t const h = ptx::permute(upper.low, upper.high, choice) | (signs & 0x80808080);
    if constexpr (lower.low == 0 && lower.high == 0) {
      return {ptx::permute(h, 0, 0x1404), ptx::permute(h, 0, 0x3424)};
    } else {
      uint32_t const l = ptx::permute(lower.low, lower.high, choice);
      return {ptx::permute(l, h, 0x5140), ptx::permute(l, h, 0x7362)};
    }
  }
};

/// INT4 and UINT4: the code becomes the last bits of the mantissa of 2^m, whose unit is 1; then 2^m
/// (and the offset that makes a signed code unsigned) is subtracted, exactly.
template <IntegerFormat F, Real T>
requires(F::bits == 4) struct DecodeFour<F, T> {
  QFMT_HOST_DEVICE static constexpr FourHalves decode(uint32_t codes) noexcept {
    constexpr uint32_t one_unit = same_as<T, Code<FP16>> ? 0x64006400 : 0x43004300;  // 1024, 128
    constexpr uint32_t offset = F::min_int < 0 ? 8 : 0;
    constexpr uint32_t minus = (one_unit | 0x80008000) + offset * 0x00010001;
    constexpr uint32_t merge = one_unit ^ (offset * 0x00010001);
    uint32_t const odd = codes >> 4;
    uint32_t const first = ptx::and_xor(ptx::permute(codes, odd, 0x0400), 0x000F000F, merge);
    uint32_t const second = ptx::and_xor(ptx::permute(codes, odd, 0x0501), 0x000F000F, merge);
    return {ptx::add<T>(first, minus), ptx::add<T>(second, minus)};
  }
};

/// INT8 and UINT8 to FP16: the same with bytes.
template <IntegerFormat F>
requires(F::bits == 8 && F::spec.fraction_bits == 0) struct DecodeFour<F, Code<FP16>> {
  QFMT_HOST_DEVICE static constexpr FourHalves decode(uint32_t codes) noexcept {
    constexpr uint32_t offset = F::min_int < 0 ? 0x80 : 0;
    constexpr uint32_t minus = 0xE400E400 + offset * 0x00010001;
    uint32_t const bytes = codes ^ (offset * 0x01010101);
    return {ptx::add<Code<FP16>>(ptx::permute(bytes, 0x64646464, 0x4140), minus),
            ptx::add<Code<FP16>>(ptx::permute(bytes, 0x64646464, 0x4342), minus)};
  }
};

/// INT8 and UINT8 to BF16, whose 7 bits of mantissa are too few for that: through binary32, of
/// which the upper half is kept. It holds all 8 significant bits.
template <IntegerFormat F>
requires(F::bits == 8 && F::spec.fraction_bits == 0) struct DecodeFour<F, Code<BF16>> {
  QFMT_HOST_DEVICE static constexpr FourHalves decode(uint32_t codes) noexcept {
    constexpr uint32_t offset = F::min_int < 0 ? 0x80 : 0;
    uint32_t const bytes = codes ^ (offset * 0x01010101);
    auto const number = [=](uint32_t i) {
      float const shifted = bit_cast<float>(ptx::permute(bytes, 0x4B000000, 0x7440 | i));
      return bit_cast<uint32_t>(shifted - (8388608.0f + static_cast<float>(offset)));
    };
    return {ptx::permute(number(0), number(1), 0x7632), ptx::permute(number(2), number(3), 0x7632)};
  }
};

/// E4M3 and E5M2: exponent and mantissa move as one into the fields of T, which is the value times
/// a power of two (E's subnormals become T's), and one multiplication takes that power back. Codes
/// with a special exponent are put right at the end.
template <FloatFormat F, Real T>
requires(same_as<F, E4M3> || same_as<F, E5M2>) struct DecodeFour<F, T> {
  QFMT_HOST_DEVICE static constexpr FourHalves decode(uint32_t codes) noexcept {
    uint32_t const first = ptx::permute(codes, 0, 0x1404);  // a code in the upper byte of each half
    uint32_t const second = ptx::permute(codes, 0, 0x3424);
    if constexpr (same_as<F, E5M2> && same_as<T, Code<FP16>>) {
      return {first, second};  // E5M2 is the upper byte of FP16
    } else {
#if defined(QFMT_HAS_CVT_FP8)
      if (!__builtin_is_constant_evaluated())
        return converted(codes, first, second);
#endif
      return {two(first), two(second)};
    }
  }

 private:
  using To = typename T::Format;
  // s eeee mmm 00000000   to   s 0eeee mmm 0000000 (FP16)   or   s 0000eeee mmm 0000 (BF16)
  static constexpr int down = To::exponent_bits - F::exponent_bits;
  static constexpr uint32_t power = static_cast<uint32_t>(To::bias - F::bias + To::bias)
                                    << To::mantissa_bits;
  static constexpr uint32_t first_special = same_as<F, E4M3> ? 0x7F : 0x7C;

#if defined(QFMT_HAS_CVT_FP8)
  __device__ static FourHalves converted(uint32_t codes, uint32_t first, uint32_t second) noexcept {
    if constexpr (same_as<F, E4M3>) {
      first = ptx::e4m3x2_to_f16x2(static_cast<uint16_t>(codes));
      second = ptx::e4m3x2_to_f16x2(static_cast<uint16_t>(codes >> 16));
    }
    if constexpr (same_as<T, Code<FP16>>)
      return {first, second};
    else
      return {ptx::f16x2_to_bf16x2(first), ptx::f16x2_to_bf16x2(second)};
  }
#endif

  QFMT_HOST_DEVICE static constexpr uint32_t two(uint32_t pair) noexcept {
    uint32_t const magnitude = (pair & 0x7F007F00) >> down;
    uint32_t const value = ptx::multiply<T>((pair & 0x80008000) | magnitude, power * 0x00010001);
    // A carry out of the magnitude marks a special code. From the carry: all ones from the sign
    // down to the last bit of the exponent, for NaN one further.
    constexpr uint32_t step = (0x80 - first_special) << (8 - down);
    constexpr uint32_t carry = 0x8000u >> down;
    constexpr int last = same_as<F, E4M3> ? To::mantissa_bits - 1 : To::mantissa_bits;
    uint32_t const special = (magnitude + step * 0x00010001) & (carry * 0x00010001);
    return value | ((special << down) - (special >> (15 - down - last)));
  }
};

}  // namespace detail

/// The numbers of N codes, rounded to T where T cannot hold them: from_float<T>(decode(code)) for
/// each. A NaN gives a NaN of any payload.
///
///     cuda::Codes<E2M1, 8> const codes{{word}};
///     cuda::Values<Code<BF16>, 8> const x = cuda::decode<Code<BF16>>(codes);
///
/// E2M1, INT4, UINT4, INT8, UINT8, E4M3 and E5M2 take four codes at a time, about two instructions
/// for each; where the architecture has a conversion instruction, that one. All other formats are
/// decoded one by one.
template <Real T, ElementFormat F, int N>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Values<T, N> decode(Codes<F, N> const& codes) noexcept {
  using Half = conditional_t<same_as<T, float>, Code<BF16>, T>;  // all these are exact in BF16
  Values<T, N> values;
  if constexpr (requires { detail::DecodeFour<F, Half>::decode(0u); }) {
    for (int i = 0; i < N; i += 4) {
      uint32_t const four = codes.word[i * F::bits / 32] >> (i * F::bits % 32);
      detail::FourHalves const halves = detail::DecodeFour<F, Half>::decode(four);
      for (int j = 0; j < 4 && i + j < N; j += 2) {
        uint32_t const pair = j == 0 ? halves.first : halves.second;
        if constexpr (same_as<T, float>) {
          values.word[i + j] = pair << 16;
          if (i + j + 1 < N)
            values.word[i + j + 1] = pair & 0xFFFF0000;
        } else {
          values.word[(i + j) / 2] = i + j + 1 < N ? pair : pair & 0xFFFF;
        }
      }
    }
  } else {
    for (int i = 0; i < N; ++i) values.set(i, qfmt::decode(codes[i]));
  }
  return values;
}

/// Every number times a scale, rounded once to T. Exact for E2M1 with an E4M3 or E8M0 scale (within
/// T's range): an NVFP4 or MXFP4 weight loses nothing in BF16.
template <Real T, int N>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Values<T, N> multiply(Values<T, N> values,
                                                               T scale) noexcept {
  if constexpr (same_as<T, float>) {
    for (int i = 0; i < N; ++i) values.set(i, values[i] * scale);
  } else {
    uint32_t const pair = scale.bits * 0x00010001u;
    for (int i = 0; i < Values<T, N>::words; ++i)
      values.word[i] = ptx::multiply<T>(values.word[i], pair);
  }
  return values;
}

}  // namespace qfmt::cuda
