// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/bit.hpp>
#include <qfmt/formats/codebook.hpp>
#include <qfmt/formats/format.hpp>
#include <qfmt/formats/integer.hpp>
#include <qfmt/formats/minifloat.hpp>
#include <qfmt/formats/overflow.hpp>
#include <qfmt/formats/rounding.hpp>

// The one encode and the one decode. Everything else in the library that turns values into codes,
// on any machine, is proved equal to these.
//
// They are integer logic on the bits of their argument: the same result under -ffast-math, with any
// rounding mode of the processor, and with subnormals flushed. They are total: every bit pattern
// has a defined result.

namespace qfmt {

/// The code of F for x, rounded once, directly from binary32 or binary64.
///
///     NaN        F's NaN, positive; the largest value where F has none
///     overflow   by O: the largest finite value, or infinity / NaN (overflow.hpp)
///     infinity   as overflow
///     underflow  rounds like any other value; the sign of a zero result is kept (FNUZ: always +0)
///     negative   an unsigned float format takes the magnitude, an unsigned integer format gives 0
///
/// E8M0 has no mantissa to break ties with and takes its rounding explicitly: TowardZero, Up or
/// NearestAway; zero gives its lowest code.
///
/// Source of the bit layouts: OCP 8-bit Floating Point Specification 1.0, section 5; OCP
/// Microscaling Formats (MX) Specification 1.0, section 5.3; IEEE 754-2019, section 3.4.
template <FloatWithZero F, RoundingMode R = NearestEven, OverflowMode O = Saturate,
          floating_point T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Code<F> encode(T x, R rounding = {}) noexcept {
  using Traits = IeeeTraits<T>;
  using Bits = typename Traits::bits_type;
  constexpr int source_mantissa = Traits::mantissa_bits;
  // The exponent field that the source uses for F's lowest binade; below it, F's spacing is
  // constant.
  constexpr int lowest = Traits::bias + F::min_exponent;
  static_assert(lowest >= 1 && F::mantissa_bits < source_mantissa,
                "F must be narrower than the source");

  Bits const magnitude = magnitude_bits(x);
  bool const negative = F::is_signed && is_negative(x);
  int const field = static_cast<int>(magnitude >> source_mantissa);
  Bits const significand =
      (magnitude & (Traits::hidden_bit - 1)) | (field != 0 ? Traits::hidden_bit : Bits{0});
  int const exponent = field != 0 ? field : 1;
  int const below = exponent < lowest ? lowest - exponent : 0;
  int shift = source_mantissa - F::mantissa_bits + below;
  if constexpr (!requires { R::random_bits; }) {
    shift = shift < source_mantissa + 2
                ? shift
                : source_mantissa + 2;  // already below half of the lowest step
  }

  // The kept significand carries its hidden bit, so that adding the binade index yields the code,
  // and a rounding carry moves into the exponent field by itself.
  Bits const binade = static_cast<Bits>(exponent + below - lowest);
  Bits const rounded = rounding.drop(significand, shift, negative) + (binade << F::mantissa_bits);

  bool const overflow = rounded > F::max_code;
  bool const to_largest =
      same_as<O, Saturate> || (magnitude < Traits::infinity && never_grows<R>(negative));
  uint32_t code =
      overflow ? (to_largest ? F::max_code : F::overflow_code) : static_cast<uint32_t>(rounded);
  uint32_t sign = negative ? F::sign_mask : 0u;
  if constexpr (!F::has_negative_zero)
    sign = code == 0 ? 0u : sign;
  bool const not_a_number = magnitude > Traits::infinity;
  code = not_a_number ? F::nan_code : code | sign;
  return {static_cast<typename F::storage_type>(code)};
}

/// E8M0 and its like: powers of two without sign and without zero.
template <PowersOfTwo F, RoundingMode R, OverflowMode O = Saturate, floating_point T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Code<F> encode(T x, R rounding = {}) noexcept {
  static_assert(same_as<R, TowardZero> || same_as<R, Up> || same_as<R, NearestAway>,
                "a format without mantissa rounds by TowardZero, Up or NearestAway");
  using Traits = IeeeTraits<T>;
  using Bits = typename Traits::bits_type;
  constexpr int source_mantissa = Traits::mantissa_bits;

  Bits const magnitude = magnitude_bits(x);
  if (magnitude > Traits::infinity)
    return {static_cast<typename F::storage_type>(F::nan_code)};
  // Subnormal sources are shifted up by one place: enough to see the lowest power, 2^-127 in
  // binary32.
  int const field = static_cast<int>(magnitude >> source_mantissa);
  Bits const fraction = magnitude & (Traits::hidden_bit - 1);
  Bits const significand =
      field != 0 ? (fraction | Traits::hidden_bit) : static_cast<Bits>(fraction << 1);
  int const binade = field - Traits::bias - F::min_exponent;
  if (significand < Traits::hidden_bit || binade < 0)
    return {};
  Bits const carry = rounding.drop(significand, source_mantissa, false) - 1;  // 0 or 1
  uint32_t const rounded = static_cast<uint32_t>(binade) + static_cast<uint32_t>(carry);
  bool const to_largest =
      same_as<O, Saturate> || (magnitude < Traits::infinity && never_grows<R>(false));
  uint32_t const code =
      rounded > F::max_code ? (to_largest ? F::max_code : F::overflow_code) : rounded;
  return {static_cast<typename F::storage_type>(code)};
}

/// The integer nearest to x * 2^fraction_bits in the mode R, clamped to F's range. NaN gives the
/// largest value. F has no special codes, so both overflow modes clamp.
template <IntegerFormat F, RoundingMode R = NearestEven, OverflowMode O = Saturate,
          floating_point T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Code<F> encode(T x, R rounding = {}) noexcept {
  using Traits = IeeeTraits<T>;
  using Bits = typename Traits::bits_type;
  constexpr int source_mantissa = Traits::mantissa_bits;

  Bits const magnitude = magnitude_bits(x);
  bool const negative = is_negative(x);
  int const field = static_cast<int>(magnitude >> source_mantissa);
  Bits const significand =
      (magnitude & (Traits::hidden_bit - 1)) | (field != 0 ? Traits::hidden_bit : Bits{0});
  int const exponent = field != 0 ? field : 1;
  int shift = source_mantissa + Traits::bias - exponent - F::spec.fraction_bits;
  bool const huge = shift < 1;  // at least 2^source_mantissa: beyond every format's range
  shift = huge ? 1 : shift;
  if constexpr (!requires { R::random_bits; }) {
    shift = shift < source_mantissa + 2 ? shift : source_mantissa + 2;
  }
  Bits const limit = static_cast<Bits>(negative ? -F::min_int : F::max_int);
  Bits const rounded = rounding.drop(significand, shift, negative);
  int32_t const clamped = static_cast<int32_t>(huge || rounded > limit ? limit : rounded);
  int32_t const value = negative ? -clamped : clamped;
  return {F::from_int(magnitude > Traits::infinity ? F::max_int : value)};
}

namespace detail {

/// 0, 1, ..., Count - 1 as template arguments.
template <int... Index>
struct Indices {};
template <int Count, int... Index>
struct MakeIndices : MakeIndices<Count - 1, Count - 1, Index...> {};
template <int... Index>
struct MakeIndices<0, Index...> {
  using type = Indices<Index...>;
};

// Tables are unrolled into comparisons with constants: device code cannot index a host array.

template <CodebookFormat F, floating_point T, int... Rank>
QFMT_HOST_DEVICE constexpr uint32_t nearest_code(T x, Indices<Rank...>) noexcept {
  using Key = decltype(order_key(x));
  Key const key = order_key(x);
  uint32_t code = static_cast<uint32_t>(F::code_of_rank(0));
  ((code =
        key > integral_constant<Key, order_key(F::template border<T>(Rank))>::value
            ? integral_constant<uint32_t, static_cast<uint32_t>(F::code_of_rank(Rank + 1))>::value
            : code),
   ...);
  return code;
}

template <CodebookFormat F, int... Entry>
QFMT_HOST_DEVICE constexpr float table_value(int code, Indices<Entry...>) noexcept {
  uint32_t bits = 0;
  ((bits = code == Entry ? integral_constant<uint32_t, bit_cast<uint32_t>(F::value(Entry))>::value
                         : bits),
   ...);
  return bit_cast<float>(bits);
}

}  // namespace detail

/// The code of the nearest entry of a codebook; of two that are equally near, the smaller. NaN
/// gives the largest value. There is one rounding, and nothing beyond the largest entry: R and O
/// must be left at their defaults.
template <CodebookFormat F, same_as<NearestEven> R = NearestEven, OverflowMode O = Saturate,
          floating_point T>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Code<F> encode(T x, R = {}) noexcept {
  using Bits = typename IeeeTraits<T>::bits_type;
  // Of both NaNs, the positive one orders above all numbers.
  T const ordered = is_nan(x) ? bit_cast<T>(static_cast<Bits>(~Bits{0} >> 1)) : x;
  return {static_cast<uint8_t>(
      detail::nearest_code<F>(ordered, typename detail::MakeIndices<F::levels - 1>::type{}))};
}

/// The value of a code, exactly. NaN codes give a quiet NaN with the sign of the code, the one of
/// FNUZ formats a positive one.
template <FloatFormat F>
[[nodiscard]] QFMT_HOST_DEVICE constexpr float decode(Code<F> code) noexcept {
  uint32_t const magnitude = code.bits & F::magnitude_mask;
  uint32_t const sign = (code.bits & F::sign_mask) != 0 ? 0x80000000u : 0u;
  if constexpr (F::spec.specials == Specials::nan) {
    if (magnitude == F::nan_code)
      return bit_cast<float>(sign | 0x7FC00000u);
  } else if constexpr (F::spec.specials == Specials::ieee) {
    if (magnitude > F::max_code)
      return bit_cast<float>(sign | (magnitude == F::overflow_code ? 0x7F800000u : 0x7FC00000u));
  } else if constexpr (F::spec.specials == Specials::fnuz) {
    if (code.bits == F::nan_code)
      return bit_cast<float>(0x7FC00000u);
  }

  if constexpr (F::exponent_bits == 8 && F::has_zero) {  // binary32's own exponent range: BF16
    return bit_cast<float>(sign | (magnitude << (23 - F::mantissa_bits)));
  } else if constexpr (!F::has_zero) {
    return power_of_two(static_cast<int>(magnitude) - F::bias);
  } else {
    // magnitude = field . mantissa; the integer `significand` is exact in binary32, and its
    // exponent is then moved by an integer addition: no multiplication that could flush a
    // subnormal.
    uint32_t const field = magnitude >> F::mantissa_bits;
    uint32_t const mantissa = magnitude & ((1u << F::mantissa_bits) - 1);
    uint32_t const significand = field != 0 ? mantissa | (1u << F::mantissa_bits) : mantissa;
    if (significand == 0)
      return bit_cast<float>(sign);
    int const exponent = static_cast<int>(field != 0 ? field : 1) - F::bias - F::mantissa_bits;
    uint32_t const unscaled = bit_cast<uint32_t>(static_cast<float>(significand));
    return bit_cast<float>(sign | (unscaled + (static_cast<uint32_t>(exponent) << 23)));
  }
}

template <IntegerFormat F>
[[nodiscard]] QFMT_HOST_DEVICE constexpr float decode(Code<F> code) noexcept {
  float const integer = static_cast<float>(F::to_int(code.bits));
  return integer * power_of_two(-F::spec.fraction_bits);
}

template <CodebookFormat F>
[[nodiscard]] QFMT_HOST_DEVICE constexpr float decode(Code<F> code) noexcept {
  return detail::table_value<F>(code.bits & 15, typename detail::MakeIndices<16>::type{});
}

/// From one format to another: exact where the value exists in To, else rounded once.
template <ElementFormat To, RoundingMode R = NearestEven, OverflowMode O = Saturate,
          ElementFormat From>
[[nodiscard]] QFMT_HOST_DEVICE constexpr Code<To> convert(Code<From> code,
                                                          R rounding = {}) noexcept {
  if constexpr (same_as<To, From>) {
    return code;
  } else {
    return encode<To, R, O>(decode(code), rounding);
  }
}

/// The largest finite value of F.
template <FloatFormat F>
QFMT_HOST_DEVICE constexpr float max_value() noexcept {
  return decode(Code<F>{static_cast<typename F::storage_type>(F::max_code)});
}
template <IntegerFormat F>
QFMT_HOST_DEVICE constexpr float max_value() noexcept {
  return decode(Code<F>{F::from_int(F::max_int)});
}

template <CodebookFormat F>
QFMT_HOST_DEVICE constexpr float max_value() noexcept {
  return F::value(F::code_of_rank(F::levels - 1));
}

/// The lowest finite value of F.
template <FloatFormat F>
QFMT_HOST_DEVICE constexpr float min_value() noexcept {
  if constexpr (F::is_signed) {
    return -max_value<F>();
  } else {
    return decode(Code<F>{});
  }
}
template <IntegerFormat F>
QFMT_HOST_DEVICE constexpr float min_value() noexcept {
  return decode(Code<F>{F::from_int(F::min_int)});
}
template <CodebookFormat F>
QFMT_HOST_DEVICE constexpr float min_value() noexcept {
  return F::value(F::code_of_rank(0));
}

}  // namespace qfmt
