// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>

#include <qfmt/conformance.hpp>
#include <qfmt/core/random.hpp>
#include <qfmt/formats/all.hpp>

#include "conformance_vectors.hpp"

namespace qfmt::tool {
namespace {

template <class R>
constexpr char const* rounding_name() {
  return same_as<R, NearestEven>   ? "nearest_even"
         : same_as<R, NearestAway> ? "nearest_away"
         : same_as<R, TowardZero>  ? "toward_zero"
         : same_as<R, Up>          ? "up"
         : same_as<R, Down>        ? "down"
                                   : "to_odd";
}

template <class O>
constexpr char const* overflow_name() {
  return same_as<O, Saturate> ? "saturate" : "to_special";
}

// Integers and codebooks have no special codes: both overflow modes clamp.
template <ElementFormat F>
using OverflowsOf =
    conditional_t<FloatFormat<F>, TypeList<Saturate, ToSpecial>, TypeList<Saturate>>;

template <ElementFormat F>
constexpr auto roundings_of() {
  if constexpr (CodebookFormat<F>) {
    return TypeList<NearestEven>{};
  } else if constexpr (IntegerFormat<F> || F::mantissa_bits > 0) {
    return TypeList<NearestEven, NearestAway, TowardZero, Up, Down, ToOdd>{};
  } else {
    return TypeList<NearestAway, TowardZero, Up>{};
  }
}

template <class Visit>
void for_each_format(Visit&& visit) {
  FloatFormats::for_each(visit);
  ScaleOnlyFormats::for_each(visit);
  IntegerFormats::for_each(visit);
  CodebookFormats::for_each(visit);
}

/// The magnitude codes of a 16-bit float at which it is tested: every binade would be too many.
template <FloatFormat F>
std::vector<uint32_t> chosen_codes() {
  std::vector<uint32_t> codes;
  uint32_t const mantissas = 1u << F::mantissa_bits;
  for (uint32_t exponent = 0; exponent <= F::max_code >> F::mantissa_bits; ++exponent) {
    bool const at_an_end = exponent < 2 || exponent + 1 > F::max_code >> F::mantissa_bits;
    bool const near_one = exponent + 1 == F::bias || exponent == F::bias;
    if (!at_an_end && !near_one && exponent % 16 != 0)
      continue;
    for (uint32_t const mantissa : {0u, 1u, mantissas / 2, mantissas - 2, mantissas - 1})
      codes.push_back(exponent << F::mantissa_bits | mantissa);
  }
  return codes;
}

/// Values of F that follow each other, as pairs: all of them, or those around the chosen codes.
template <ElementFormat F>
std::vector<std::pair<float, float>> neighbours() {
  std::vector<std::pair<float, float>> pairs;
  if constexpr (F::bits <= 8) {
    std::vector<float> const values = conformance::detail::finite_values<F>();
    for (std::size_t i = 0; i + 1 < values.size(); ++i) pairs.push_back({values[i], values[i + 1]});
  } else {
    for (uint32_t const code : chosen_codes<F>()) {
      if (code < F::max_code)
        pairs.push_back({conformance::detail::decode_bits<F>(code),
                         conformance::detail::decode_bits<F>(code + 1)});
    }
  }
  return pairs;
}

/// The inputs for a format, in the order of their bits, each once.
template <ElementFormat F>
std::vector<float> inputs() {
  std::vector<uint32_t> bits;
  auto const add = [&](float x) { bits.push_back(bit_cast<uint32_t>(x)); };
  if constexpr (F::bits <= 8) {
    conformance::for_each_input<F>(add);
  } else {
    conformance::for_each_input<E5M2>(add);  // the special ones, and some more
    auto const around = [&](double x) {
      conformance::detail::with_neighbours(magnitude_bits(static_cast<float>(x)), add);
    };
    for (auto const& [low, high] : neighbours<F>()) {
      around(static_cast<double>(low));
      around((static_cast<double>(low) + static_cast<double>(high)) / 2.0);
    }
    double const largest = static_cast<double>(max_value<F>());
    double const step =
        largest - static_cast<double>(conformance::detail::decode_bits<F>(F::max_code - 1));
    for (double const above : {0.0, step / 2.0, step}) around(largest + above);
  }
  std::sort(bits.begin(), bits.end());
  bits.erase(std::unique(bits.begin(), bits.end()), bits.end());
  std::vector<float> values;
  for (uint32_t const pattern : bits) values.push_back(bit_cast<float>(pattern));
  return values;
}

template <ElementFormat F, class R, class O, class T>
std::vector<uint32_t> codes_of(std::vector<T> const& values) {
  std::vector<uint32_t> codes;
  for (T const x : values) codes.push_back(encode<F, R, O>(x).bits);
  return codes;
}

VectorFile decoding() {
  VectorFile file{"decode.jsonl",
                  "The value of every code of every format.",
                  {{"format", "the format; its facts are in qfmt's docs/formats.md"},
                   {"bits", "how many low bits of a code are used"},
                   {"value", "the binary32 of code 0, 1, 2, ...; any NaN is as good as another"}},
                  {},
                  0};
  for_each_format([&]<class F>() {
    std::vector<float> values;
    for (uint32_t code = 0; code >> F::bits == 0; ++code)
      values.push_back(conformance::detail::decode_bits<F>(code));
    file.add(JsonLine{}.text("format", F::name).number("bits", F::bits).floats("value", values));
  });
  return file;
}

VectorFile encoding() {
  VectorFile file{
      "encode.jsonl",
      "Codes of binary32 values: every value of a format, every midpoint of two neighbours, the "
      "places where overflow and underflow begin, each with the next binary32 on both sides; "
      "subnormals, infinities, NaNs. For FP16 and BF16 the same at chosen codes.",
      {{"format", "the format"},
       {"rounding",
        "nearest_even, nearest_away, toward_zero, up, down, to_odd (an inexact value goes to the "
        "neighbour with the odd code); for codebooks nearest, a tie to the smaller value"},
       {"overflow",
        "saturate: to the largest finite value, infinity included; to_special: to infinity, or "
        "NaN where there is none, or else saturating. Integers and codebooks always saturate"},
       {"x", "inputs, binary32"},
       {"code", "the code of each"}},
      {},
      0};
  for_each_format([&]<class F>() {
    std::vector<float> const values = inputs<F>();
    OverflowsOf<F>::for_each([&]<class O>() {
      decltype(roundings_of<F>())::for_each([&]<class R>() {
        file.add(JsonLine{}
                     .text("format", F::name)
                     .text("rounding", CodebookFormat<F> ? "nearest" : rounding_name<R>())
                     .text("overflow", overflow_name<O>())
                     .floats("x", values)
                     .bits("code", codes_of<F, R, O>(values), code_digits<F>));
      });
    });
  });
  return file;
}

/// Doubles next to a value or a midpoint of F: rounding them to binary32 first lands on it.
template <ElementFormat F>
std::vector<double> beside_thresholds() {
  std::vector<double> doubles;
  auto const add = [&](double x) {
    uint64_t const bits = bit_cast<uint64_t>(x);
    for (uint64_t const distance : {uint64_t{1}, uint64_t{1} << 26}) {
      doubles.push_back(bit_cast<double>(bits + distance));
      if (magnitude_bits(x) != 0)
        doubles.push_back(bit_cast<double>(bits - distance));
    }
  };
  for (auto const& [low, high] : neighbours<F>()) {
    double const a = static_cast<double>(low);
    double const b = static_cast<double>(high);
    add(a);
    add((a + b) / 2.0);
  }
  double const largest = static_cast<double>(max_value<F>());
  double const before = static_cast<double>(neighbours<F>().back().first);
  add(largest);
  add(largest + (largest - before) / 2.0);
  return doubles;
}

VectorFile double_rounding() {
  VectorFile file{"encode_double.jsonl",
                  "Codes of binary64 values that come out wrong when they are first rounded to "
                  "binary32: 1 and 2^26 units of binary64 beside a value or a midpoint.",
                  {{"format", "the format"},
                   {"rounding", "as in encode.jsonl"},
                   {"overflow", "as in encode.jsonl"},
                   {"x", "inputs, binary64"},
                   {"code", "the code of each"},
                   {"wrong", "the code of each when it is rounded twice"}},
                  {},
                  0};
  for_each_format([&]<class F>() {
    std::vector<double> const doubles = beside_thresholds<F>();
    OverflowsOf<F>::for_each([&]<class O>() {
      decltype(roundings_of<F>())::for_each([&]<class R>() {
        // Where the overflow modes agree, one of them is enough.
        if (same_as<O, ToSpecial> && !same_as<R, NearestEven> && !same_as<R, Up>)
          return;
        std::vector<uint64_t> x;
        std::vector<uint32_t> code;
        std::vector<uint32_t> wrong;
        for (double const value : doubles) {
          uint32_t const once = encode<F, R, O>(value).bits;
          uint32_t const twice = encode<F, R, O>(static_cast<float>(value)).bits;
          if (once == twice)
            continue;
          x.push_back(bit_cast<uint64_t>(value));
          code.push_back(once);
          wrong.push_back(twice);
        }
        file.add(JsonLine{}
                     .text("format", F::name)
                     .text("rounding", CodebookFormat<F> ? "nearest" : rounding_name<R>())
                     .text("overflow", overflow_name<O>())
                     .bits("x", x, 16)
                     .bits("code", code, code_digits<F>)
                     .bits("wrong", wrong, code_digits<F>));
      });
    });
  });
  return file;
}

VectorFile random_numbers() {
  VectorFile file{"random.jsonl",
                  "Philox4x32-10 (Salmon et al., SC 2011). Element i of a stream draws word i % 4 "
                  "of counter i / 4.",
                  {{"key", "64 bits"},
                   {"stream", "the upper 64 bits of the counter"},
                   {"counter", "the lower 64 bits of the counter"},
                   {"words", "the four words"}},
                  {},
                  0};
  auto const add = [&](uint64_t key, uint64_t counter, uint64_t stream) {
    auto const block = Philox{key}.block(counter, stream);
    std::vector<uint32_t> const words(block.words, block.words + 4);
    file.add(JsonLine{}
                 .bits("key", key, 16)
                 .bits("stream", stream, 16)
                 .bits("counter", counter, 16)
                 .bits("words", words, 8));
  };
  add(0, 0, 0);
  add(~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0});
  add(0x299F31D0A4093822u, 0x85A308D3243F6A88u, 0x0370734413198A2Eu);
  for (uint64_t i = 0; i < 8; ++i) add(42, i, 0);
  for (uint64_t i = 0; i < 8; ++i) add(uint64_t{1} << (8 * i), uint64_t{1} << (7 * i), i);
  return file;
}

/// Inputs for stochastic rounding: between neighbours, on values, below the smallest and above the
/// largest.
template <ElementFormat F>
std::vector<float> between_values() {
  std::vector<float> values;
  auto const pairs = neighbours<F>();
  std::size_t const stride = (std::max<std::size_t>)(1, pairs.size() / 12);
  for (std::size_t i = 0; i < pairs.size(); i += stride) {
    auto const [low, high] = pairs[i];
    for (double const part : {0.0, 0.25, 0.5, 0x1.fffffep-1, 0x1p-9, 0.7109375}) {
      double const a = static_cast<double>(low);
      values.push_back(static_cast<float>(a + part * (static_cast<double>(high) - a)));
    }
  }
  float const largest = max_value<F>();
  values.push_back(largest * 1.03125f);
  values.push_back(-largest * 2.0f);
  values.push_back(bit_cast<float>(0x7F800000u));
  values.push_back(bit_cast<float>(0x00000001u));
  values.push_back(bit_cast<float>(0x80000001u));
  return values;
}

template <ElementFormat F, int Bits>
JsonLine stochastic_line(uint64_t stream) {
  Philox const random{0x0123456789ABCDEFu};
  std::vector<float> x;
  std::vector<uint32_t> words;
  std::vector<uint32_t> codes;
  for (float const value : between_values<F>()) {
    for (int draw = 0; draw < 3; ++draw) {
      uint32_t const word = random(x.size(), stream);
      x.push_back(value);
      words.push_back(word);
      codes.push_back(encode<F>(value, Stochastic<Bits>{word}).bits);
    }
  }
  return JsonLine{}
      .text("format", F::name)
      .number("random_bits", Bits)
      .bits("key", random.key, 16)
      .bits("stream", stream, 16)
      .floats("x", x)
      .bits("random", words, 8)
      .bits("code", codes, code_digits<F>);
}

VectorFile stochastic() {
  VectorFile file{
      "stochastic.jsonl",
      "Stochastic rounding, saturating. With k random bits r and the dropped fraction f of the "
      "magnitude, in [0, 1) of the step between the neighbours: it is rounded up if "
      "floor(f * 2^k) + r >= 2^k. NaN and the sign as in encode.jsonl.",
      {{"format", "the format"},
       {"random_bits", "k: the low k bits of a random word are r"},
       {"key", "of the generator in random.jsonl"},
       {"stream", "of the generator; element i of the line draws word i"},
       {"x", "inputs, binary32"},
       {"random", "the word that each draws"},
       {"code", "the code of each"}},
      {},
      0};
  uint64_t stream = 0;
  for_each_format([&]<class F>() {
    if constexpr (F::bits <= 8 && (FloatWithZero<F> || IntegerFormat<F>)) {
      file.add(stochastic_line<F, 8>(stream++));
      file.add(stochastic_line<F, 16>(stream++));
      file.add(stochastic_line<F, 32>(stream++));
    }
  });
  return file;
}

}  // namespace

std::vector<VectorFile> conversion_vectors() {
  return {decoding(), encoding(), double_rounding(), random_numbers(), stochastic()};
}

}  // namespace qfmt::tool
