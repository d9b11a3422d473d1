// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The table of decision points: for every format, rounding mode and overflow mode, every value at
// which the code changes and the numbers beside it, in binary32 and in binary64, against oracle O1;
// and the nearest-value search of oracle O2 on random numbers.

#include <bit>
#include <cmath>
#include <doctest/doctest.h>
#include <formats/convert/kernels.hpp>
#include <limits>
#include <string>
#include <support/samples.hpp>

namespace oracle = qfmt::test::oracle;
using qfmt::test::Codec;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Tally {
  std::uint64_t checked = 0;
  std::uint64_t wrong = 0;

  void expect(bool right) {
    ++checked;
    wrong += right ? 0u : 1u;
  }
};

/// Calls visit(codec, facts, what it is) for every codec.
template <class Visit>
void for_each_codec(Visit visit) {
  for (auto const& kernel : all_kernels()) {
    oracle::Facts const* const facts = oracle::find(kernel.format);
    REQUIRE(facts != nullptr);
    for (std::size_t i = 0; i < kernel.codecs.size(); ++i)
      visit(kernel.codecs[i], *facts, describe(kernel, i));
  }
}

/// Every decision point of one sign, and what is next to it.
Tally check_decision_points(Codec const& codec, oracle::Encoder const& encoder, bool negative) {
  Tally tally;
  double const sign = negative ? -1.0 : 1.0;
  auto const check_double = [&](double x) { tally.expect(codec.encode_double(x) == encoder(x)); };
  auto const check_float = [&](float x) {
    tally.expect(codec.encode_float(x) == encoder(static_cast<double>(x)));
  };
  for (auto const& threshold : encoder.thresholds(negative)) {
    double const at = sign * threshold.at;
    check_double(at);
    check_double(std::nextafter(at, infinity));
    check_double(std::nextafter(at, -infinity));
    // A little further away, but still nothing that binary32 could see: where rounding twice goes
    // wrong.
    check_double(at * (1 + 0x1p-40));
    check_double(at * (1 - 0x1p-40));
    auto const near = static_cast<float>(at);
    constexpr float inf = std::numeric_limits<float>::infinity();
    check_float(near);
    check_float(std::nextafter(near, inf));
    check_float(std::nextafter(near, -inf));
  }
  for (double const x :
       {0.0, 0x1p-1074, 0x1p-149, 1e300, std::numeric_limits<double>::max(), infinity})
    check_double(sign * x);
  return tally;
}

}  // namespace

TEST_CASE("encode: every decision point and its neighbours, from binary32 and binary64") {
  std::uint64_t checked = 0;
  for_each_codec([&](Codec const& codec, oracle::Facts const& facts, std::string const& what) {
    oracle::Encoder const encoder{facts, codec.mode, codec.to_special};
    for (bool const negative : {false, true}) {
      auto const tally = check_decision_points(codec, encoder, negative);
      CHECK_MESSAGE(tally.wrong == 0, what, negative ? ", negative" : "", ": ", tally.wrong, " of ",
                    tally.checked);
      checked += tally.checked;
    }
  });
  CHECK(checked > 1000000);
}

TEST_CASE("encode: random numbers, from binary32 and binary64") {
  for_each_codec([](Codec const& codec, oracle::Facts const& facts, std::string const& what) {
    oracle::Encoder const encoder{facts, codec.mode, codec.to_special};
    qfmt::test::Samples samples{31};
    Tally tally;
    double const largest = 1.5 * facts.magnitude(facts.max_code);
    for (int i = 0; i < 2000; ++i) {
      double const x = i % 2 == 0 ? largest * (2 * samples.uniform() - 1)
                                  : std::bit_cast<double>(std::uint64_t{samples.bits()} << 32 |
                                                          samples.bits());  // NaN too
      tally.expect(codec.encode_double(x) == encoder(x));
      float const y = i % 2 == 0 ? static_cast<float>(x) : std::bit_cast<float>(samples.bits());
      tally.expect(codec.encode_float(y) == encoder(static_cast<double>(y)));
    }
    CHECK_MESSAGE(tally.wrong == 0, what);
  });
}

TEST_CASE("encode: the two oracles agree, and the codec with the second") {
  for_each_codec([](Codec const& codec, oracle::Facts const& facts, std::string const& what) {
    if (codec.mode != oracle::Mode::nearest_even || codec.to_special || facts.bits > 8)
      return;
    oracle::Encoder const encoder{facts, codec.mode, codec.to_special};
    qfmt::test::Samples samples{32};
    Tally oracles;
    Tally codecs;
    double const largest = 1.5 * facts.magnitude(facts.max_code);
    for (int i = 0; i < 4000; ++i) {
      double x = largest * (2 * samples.uniform() - 1);
      if (i % 4 == 1)
        x = std::ldexp(x, -samples.integer(1, 30));
      if (i % 4 == 2) {  // a midpoint
        auto const c =
            static_cast<std::uint32_t>(samples.integer(0, static_cast<int>(facts.max_code) - 1));
        x = std::copysign((facts.magnitude(c) + facts.magnitude(c + 1)) / 2, x);
      }
      oracles.expect(encoder(x) == oracle::nearest(facts, x));
      codecs.expect(codec.encode_double(x) == oracle::nearest(facts, x));
    }
    CHECK_MESSAGE(oracles.wrong == 0, what);
    CHECK_MESSAGE(codecs.wrong == 0, what);
  });
}

TEST_CASE("encode: from binary64 directly, not by way of binary32") {
  double const trap = 1.0625 * (1 + 0x1p-40);
  for_each_codec([&](Codec const& codec, oracle::Facts const& facts, std::string const& /*what*/) {
    if (std::string_view{facts.name} != "E4M3" || codec.mode != oracle::Mode::nearest_even)
      return;
    CHECK(codec.encode_double(trap) == 0x39);
    CHECK(codec.encode_float(static_cast<float>(trap)) == 0x38);  // binary32 drops what decides
  });
}
