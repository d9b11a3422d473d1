// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <support/laws/format_laws.hpp>

namespace qfmt::test {

/// The library's codec with RandomBits random bits, from binary32 or binary64.
template <class F, int RandomBits, class T = float>
struct StochasticCodec {
  using Format = F;
  using Source = T;
  static constexpr int random_bits = RandomBits;
  static Code<F> encode(T x, std::uint32_t word) {
    return qfmt::encode<F>(x, Stochastic<RandomBits>{word});
  }
};

namespace laws {

struct AnyStochasticCodec {
  std::string name;
  int random_bits;
  std::vector<float> values;                      // in order
  double (*to_source)(double);                    // to the type that is rounded from
  double (*round)(double x, std::uint32_t word);  // decode(encode(x, word))
};

inline Violations stochastic_counts(AnyStochasticCodec const& codec) {
  Violations found{codec.name + ": stochastic rounding with " + std::to_string(codec.random_bits) +
                   " bits"};
  std::vector<double> magnitudes;  // 0 and above
  for (float const value : codec.values) {
    if (value >= 0.0f)
      magnitudes.push_back(static_cast<double>(value));
  }
  bool const both_signs = codec.values.front() < 0.0f;
  std::uint32_t const words = 1u << codec.random_bits;

  auto const check = [&](std::size_t i, double f, bool negative) {
    double const low = magnitudes[i];
    double const high = magnitudes[i + 1];
    double const x = codec.to_source(low + f * (high - low));
    double const fraction = (x - low) / (high - low);  // exact: steps are powers of two
    auto const expected =
        fraction >= 1
            ? words
            : static_cast<std::uint32_t>(std::floor(std::ldexp(fraction, codec.random_bits)));
    std::uint32_t up = 0;
    bool in_order = true;
    for (std::uint32_t word = 0; word < words; ++word) {
      double const value = std::fabs(codec.round(negative ? -x : x, word));
      bool const rounded_up = value == high;
      in_order =
          in_order && (rounded_up || value == low) && (rounded_up == (word >= words - expected));
      up += rounded_up ? 1u : 0u;
    }
    found.expect(up == expected && in_order, [&] {
      return show(static_cast<float>(x)) + (negative ? " negated" : "") + ": " +
             std::to_string(up) + " words up instead of " + std::to_string(expected);
    });
  };

  Samples samples{77};
  for (int n = 0; n < 200; ++n) {
    auto const i = n < 20 ? static_cast<std::size_t>(n) % (magnitudes.size() - 1)
                          : static_cast<std::size_t>(samples.uniform() *
                                                     static_cast<double>(magnitudes.size() - 1));
    double const least = std::ldexp(1.0, -codec.random_bits);
    for (double const f : {0.0, least, 1.0 / 3.0, 0.5, 1.0 - least, samples.uniform()}) {
      check(i, f, false);
      if (both_signs)
        check(i, f, true);
    }
  }
  return found;
}

/// Of all words of R random bits, exactly floor(f 2^R) round x up in magnitude, where f is how far
/// x is from the lower neighbour to the upper; the others round down; and a word that rounds up is
/// larger than every word that does not.
template <class C>
Violations stochastic_counts() {
  using T = typename C::Source;
  return stochastic_counts(
      {C::Format::name, C::random_bits, values_of(any_codec<Codec<typename C::Format>>()),
       [](double x) { return static_cast<double>(static_cast<T>(x)); },
       [](double x, std::uint32_t word) {
         return static_cast<double>(decode(C::encode(static_cast<T>(x), word)));
       }});
}

}  // namespace laws
}  // namespace qfmt::test
