// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <support/laws/violations.hpp>
#include <support/samples.hpp>
#include <vector>

#include <qfmt/formats/convert.hpp>

// What holds for every format. A law is asked of a codec, a type with
//
//     Format                   the format
//     encode(float) -> Code    to nearest even and saturating, where the law says nothing else
//     decode(Code) -> float
//
// as `laws::sign_symmetric<C>()`. The laws themselves are written against AnyCodec, which forgets
// the type, so that they are compiled once and not once for each format.

namespace qfmt::test {

/// The library's codec.
template <class F, class R = NearestEven, class O = Saturate>
struct Codec {
  using Format = F;
  static Code<F> encode(float x) { return qfmt::encode<F, R, O>(x); }
  static float decode(Code<F> code) { return qfmt::decode(code); }
};

namespace laws {

struct AnyCodec {
  std::string name;
  std::uint32_t (*encode)(float);
  float (*decode)(std::uint32_t);
  int bits = 0;
  bool is_codebook = false;
  bool drops_sign = false;  // encode takes the magnitude of its argument
  bool has_nan = false;
  bool negative_zero = false;
  std::uint32_t sign_mask = 0;  // zero: the sign is not a bit of its own
  double relative_error = 0.0;  // bounds of rounding to nearest
  double absolute_error = 0.0;
  std::vector<std::uint32_t> increasing = {};  // finite codes whose values must increase
  std::vector<std::uint32_t> producible = {};  // finite codes that encode may give
};

template <class C>
AnyCodec any_codec() {
  using F = typename C::Format;
  AnyCodec codec{F::name, [](float x) -> std::uint32_t { return C::encode(x).bits; },
                 [](std::uint32_t bits) -> float {
                   return C::decode(Code<F>{static_cast<typename F::storage_type>(bits)});
                 }};
  codec.bits = F::bits;
  codec.has_nan = F::has_nan;
  auto const add = [&](std::uint32_t bits) { codec.increasing.push_back(bits); };
  if constexpr (FloatFormat<F>) {
    codec.drops_sign = !F::is_signed;
    codec.negative_zero = F::has_negative_zero;
    codec.sign_mask = F::sign_mask;
    // With precision p = M + 1 and u = 2^-p: u / (1 + u) of the value, or half of the lowest step.
    double const u = std::ldexp(1.0, -F::mantissa_bits - 1);
    codec.relative_error = u / (1 + u);
    codec.absolute_error = std::ldexp(0.5, F::min_exponent - F::mantissa_bits);
    for (std::uint32_t c = 0; c <= F::max_code; ++c) add(c);
  } else if constexpr (IntegerFormat<F>) {
    codec.absolute_error = std::ldexp(0.5, -F::spec.fraction_bits);
    for (int i = F::min_int; i <= F::max_int; ++i) add(F::from_int(i));
  } else {
    codec.is_codebook = true;
    for (int rank = 0; rank < F::levels; ++rank)
      add(static_cast<std::uint32_t>(F::code_of_rank(rank)));
  }
  if constexpr (FloatFormat<F>) {
    for (std::uint32_t bits = 0; bits < (1u << F::bits); ++bits) {
      if (is_finite(codec.decode(bits)))
        codec.producible.push_back(bits);
    }
  } else {
    codec.producible = codec.increasing;
  }
  return codec;
}

inline std::string hex(std::uint32_t bits) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%X", bits);
  return text;
}

inline std::string show(float x) {
  char text[64];
  std::snprintf(text, sizeof text, "%.9g (0x%08X)", static_cast<double>(x),
                std::bit_cast<std::uint32_t>(x));
  return text;
}

/// The values of a codec that encode may give, in order, each once; -0 is left out.
inline std::vector<float> values_of(AnyCodec const& codec) {
  std::vector<float> values;
  for (auto const code : codec.producible) {
    float const value = codec.decode(code);
    if (std::bit_cast<std::uint32_t>(value) != 0x80000000u)
      values.push_back(value);
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

/// Finite floats of both signs in increasing order: every exponent with the mantissas at which
/// encoders go wrong, and some others.
inline std::vector<float> sample_floats() {
  std::vector<float> floats;
  Samples samples{11};
  for (std::uint32_t exponent = 0; exponent < 255; ++exponent) {
    for (std::uint32_t const mantissa :
         {0u, 1u, 0x3FFFFFu, 0x400000u, 0x400001u, 0x600000u, 0x7FFFFEu, 0x7FFFFFu,
          samples.bits() & 0x7FFFFFu, samples.bits() & 0x7FFFFFu, samples.bits() & 0x7FFFFFu}) {
      for (std::uint32_t const sign : {0u, 0x80000000u}) {
        floats.push_back(std::bit_cast<float>(sign | exponent << 23 | mantissa));
      }
    }
  }
  std::sort(floats.begin(), floats.end());
  return floats;
}

/// Those of them that lie within the range of a codec.
inline std::vector<float> sample_in_range(AnyCodec const& codec) {
  auto const values = values_of(codec);
  auto floats = sample_floats();
  std::erase_if(floats, [&](float x) {
    return x < values.front() || x > values.back() || (codec.drops_sign && is_negative(x));
  });
  return floats;
}

/// encode(decode(code)) == code for every finite code that encode may give at all.
inline Violations codes_round_trip(AnyCodec const& codec) {
  Violations found{codec.name + ": encode(decode(code)) == code"};
  for (auto const code : codec.producible) {
    float const value = codec.decode(code);
    std::uint32_t const again = codec.encode(value);
    found.expect(again == code,
                 [&] { return hex(code) + " is " + show(value) + " and becomes " + hex(again); });
  }
  return found;
}

/// Values increase with their codes: magnitude codes of floats, integers by what they count,
/// entries of a codebook by their rank.
inline Violations decode_increases(AnyCodec const& codec) {
  Violations found{codec.name + ": decode is increasing"};
  for (std::size_t i = 1; i < codec.increasing.size(); ++i) {
    float const low = codec.decode(codec.increasing[i - 1]);
    float const high = codec.decode(codec.increasing[i]);
    found.expect(low < high, [&] {
      return "before " + hex(codec.increasing[i]) + ", " + show(high) + ", comes " + show(low);
    });
  }
  return found;
}

/// x <= y implies decode(encode(x)) <= decode(encode(y)). Formats that drop the sign: for x >= 0.
inline Violations encode_increases(AnyCodec const& codec) {
  Violations found{codec.name + ": encode is monotone"};
  auto const floats = sample_floats();
  for (std::size_t i = 1; i < floats.size(); ++i) {
    if (codec.drops_sign && is_negative(floats[i - 1]))
      continue;
    float const low = codec.decode(codec.encode(floats[i - 1]));
    float const high = codec.decode(codec.encode(floats[i]));
    found.expect(low <= high, [&] {
      return show(floats[i - 1]) + " becomes " + show(low) + ", " + show(floats[i]) + " becomes " +
             show(high);
    });
  }
  return found;
}

/// Whatever the mode, a value in range becomes one of the two that enclose it, and an exact one
/// itself.
inline Violations encode_takes_a_neighbour(AnyCodec const& codec) {
  Violations found{codec.name + ": encode takes a neighbour"};
  auto const values = values_of(codec);
  for (float const x : sample_in_range(codec)) {
    auto const upper = std::lower_bound(values.begin(), values.end(), x);
    auto const lower = *upper == x ? upper : upper - 1;
    float const result = codec.decode(codec.encode(x));
    found.expect(result == *lower || result == *upper,
                 [&] { return show(x) + " becomes " + show(result); });
  }
  return found;
}

/// encode(-x) is encode(x) with the sign bit turned. Not for integers; FNUZ has no -0.
inline Violations sign_symmetric(AnyCodec const& codec) {
  Violations found{codec.name + ": encode(-x) == -encode(x)"};
  if (codec.sign_mask == 0)
    return found;
  for (float const x : sample_floats()) {
    if (is_negative(x))
      continue;
    std::uint32_t const plus = codec.encode(x);
    std::uint32_t const minus = codec.encode(-x);
    bool const unsigned_zero = plus == 0 && !codec.negative_zero;
    found.expect(minus == (unsigned_zero ? 0u : plus | codec.sign_mask),
                 [&] { return show(x) + ": " + hex(plus) + " and " + hex(minus); });
  }
  return found;
}

/// Everything beyond the range, infinity included, becomes the largest or the lowest value.
inline Violations saturates(AnyCodec const& codec) {
  Violations found{codec.name + ": saturates"};
  auto const values = values_of(codec);
  auto const expect = [&](float x, float limit) {
    float const result = codec.decode(codec.encode(x));
    found.expect(result == limit, [&] { return show(x) + " becomes " + show(result); });
  };
  float const infinity = std::numeric_limits<float>::infinity();
  for (float const x : {values.back(), std::nextafter(values.back(), infinity), 0x1p127f,
                        (std::numeric_limits<float>::max)(), infinity}) {
    if (x < values.back())
      continue;
    expect(x, values.back());
    if (!codec.drops_sign)
      expect((std::min)(-x, values.front()), values.front());
  }
  return found;
}

/// To nearest: the error is at most half of the step between the two neighbours, hence, for a float
/// with precision p and u = 2^-p, at most max(u / (1 + u) |x|, half of the lowest step). Not for
/// codebooks.
inline Violations error_is_bounded(AnyCodec const& codec) {
  Violations found{codec.name + ": rounding error bound"};
  double largest = 0.0;
  for (float const x : sample_in_range(codec)) {
    double const exact = static_cast<double>(x);
    double const error = std::fabs(static_cast<double>(codec.decode(codec.encode(x))) - exact);
    double const bound = (std::max)(codec.relative_error * std::fabs(exact), codec.absolute_error);
    largest = (std::max)(largest, error / bound);
    found.expect(error <= bound, [&] {
      return show(x) + " is off by " + std::to_string(error / bound) + " of the bound";
    });
  }
  found.expect(largest > 0.9, [&] { return "the bound is not tight: " + std::to_string(largest); });
  return found;
}

/// The midpoint of two neighbours goes to the even code (in a codebook, which has no order of
/// codes, to the smaller value), and one unit in the last place beside it to the neighbour on that
/// side.
inline Violations ties_go_to_even(AnyCodec const& codec) {
  Violations found{codec.name + ": ties to even"};
  auto const values = values_of(codec);
  float const infinity = std::numeric_limits<float>::infinity();
  for (std::size_t i = 1; i < values.size(); ++i) {
    double const exact = (static_cast<double>(values[i - 1]) + static_cast<double>(values[i])) / 2;
    auto const middle = static_cast<float>(exact);
    auto const expect = [&](float x, float result) {
      found.expect(codec.decode(codec.encode(x)) == result,
                   [&] { return show(x) + " becomes " + show(codec.decode(codec.encode(x))); });
    };
    expect(std::nextafter(middle, -infinity), values[i - 1]);
    expect(std::nextafter(middle, infinity), values[i]);
    if (static_cast<double>(middle) !=
        exact) {  // no binary32 is the midpoint: this one lies on one side of it
      if (middle != 0.0f)
        expect(middle, static_cast<double>(middle) < exact ? values[i - 1] : values[i]);
      continue;
    }
    bool const low_is_even = codec.is_codebook || (codec.encode(values[i - 1]) & 1) == 0;
    expect(middle, low_is_even ? values[i - 1] : values[i]);
  }
  return found;
}

/// NaN of either sign and any payload: the format's one NaN, or its largest value.
inline Violations nan_is_canonical(AnyCodec const& codec) {
  Violations found{codec.name + ": NaN"};
  auto const values = values_of(codec);
  std::uint32_t const canonical = codec.encode(std::bit_cast<float>(0x7FC00000u));
  for (std::uint32_t const bits : {0x7FC00000u, 0xFFC00000u, 0x7F800001u, 0xFF800001u, 0x7FFFFFFFu,
                                   0xFFFFFFFFu, 0x7FA00000u}) {
    std::uint32_t const code = codec.encode(std::bit_cast<float>(bits));
    float const value = codec.decode(code);
    bool const good = codec.has_nan ? is_nan(value) && code == canonical : value == values.back();
    found.expect(good, [&] { return hex(bits) + " becomes " + hex(code); });
  }
  return found;
}

/// The modes agree with each other: Down <= x <= Up, TowardZero is the smaller of them in
/// magnitude, nearest is one of them, an exact value is left alone by all, and Up(-x) = -Down(x).
inline Violations modes_are_ordered(AnyCodec const& nearest, AnyCodec const& zero,
                                    AnyCodec const& above, AnyCodec const& below) {
  Violations found{nearest.name + ": rounding modes are ordered"};
  auto const values = values_of(nearest);
  for (float const x : sample_in_range(nearest)) {
    float const down = below.decode(below.encode(x));
    float const up = above.decode(above.encode(x));
    float const to_zero = zero.decode(zero.encode(x));
    float const to_nearest = nearest.decode(nearest.encode(x));
    bool good = down <= x && x <= up && to_zero == (x < 0.0f ? up : down) &&
                (to_nearest == up || to_nearest == down);
    if (std::binary_search(values.begin(), values.end(), x))
      good = good && down == x && up == x && to_nearest == x;
    if (nearest.sign_mask != 0)
      good = good && above.decode(above.encode(-x)) == -down;
    found.expect(good, [&] {
      return show(x) + ": down " + show(down) + ", nearest " + show(to_nearest) + ", up " +
             show(up);
    });
  }
  return found;
}

template <class C>
Violations codes_round_trip() {
  return codes_round_trip(any_codec<C>());
}
template <class C>
Violations decode_increases() {
  return decode_increases(any_codec<C>());
}
template <class C>
Violations encode_increases() {
  return encode_increases(any_codec<C>());
}
template <class C>
Violations encode_takes_a_neighbour() {
  return encode_takes_a_neighbour(any_codec<C>());
}
template <class C>
Violations sign_symmetric() {
  return sign_symmetric(any_codec<C>());
}
template <class C>
Violations saturates() {
  return saturates(any_codec<C>());
}
template <class C>
Violations error_is_bounded() {
  return error_is_bounded(any_codec<C>());
}
template <class C>
Violations ties_go_to_even() {
  return ties_go_to_even(any_codec<C>());
}
template <class C>
Violations nan_is_canonical() {
  return nan_is_canonical(any_codec<C>());
}
template <class Nearest, class Zero, class Above, class Below>
Violations modes_are_ordered() {
  return modes_are_ordered(any_codec<Nearest>(), any_codec<Zero>(), any_codec<Above>(),
                           any_codec<Below>());
}

}  // namespace laws
}  // namespace qfmt::test
