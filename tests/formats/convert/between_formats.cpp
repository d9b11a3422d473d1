// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// From every format to every other: exact where the value exists, else rounded once.

#include <doctest/doctest.h>
#include <string>
#include <support/bits.hpp>
#include <support/oracle.hpp>
#include <vector>

#include <qfmt/formats/all.hpp>

using namespace qfmt;
namespace oracle = qfmt::test::oracle;

namespace {

struct Source {
  oracle::Facts const* facts;
  char const* name;
  std::uint32_t (*convert)(std::uint32_t);
};

// Integer formats differ in nothing but their width: a few stand for all of them.
using SomeIntegers = TypeList<INT4, INT8, UINT3, UINT8, MXINT8>;

/// To `To` from every format of a list.
template <class To, class... From>
void add_sources(std::vector<Source>& sources, TypeList<From...> /*list*/) {
  (sources.push_back({oracle::find(From::name), From::name,
                      [](std::uint32_t bits) -> std::uint32_t {
                        return convert<To>(test::code<From>(bits)).bits;
                      }}),
   ...);
}

struct ToEachFormat {
  std::uint64_t* checked;

  template <class To>
  void operator()() const {
    std::vector<Source> sources;
    add_sources<To>(sources, FloatFormats{});
    add_sources<To>(sources, ScaleOnlyFormats{});
    add_sources<To>(sources, SomeIntegers{});
    oracle::Facts const* const to = oracle::find(To::name);
    REQUIRE(to != nullptr);
    oracle::Encoder const encoder{*to, oracle::Mode::nearest_even, false};
    for (auto const& source : sources) {
      REQUIRE(source.facts != nullptr);
      std::uint32_t wrong = 0;
      bool const same = source.facts == to;
      for (std::uint32_t code = 0; code <= source.facts->mask(); ++code) {
        std::uint32_t const expected = same ? code : encoder(source.facts->value(code));
        wrong += source.convert(code) != expected ? 1u : 0u;
      }
      CHECK_MESSAGE(wrong == 0, std::string{source.name}, " to ", std::string{To::name});
      *checked += source.facts->mask() + 1;
    }
  }
};

}  // namespace

TEST_CASE("convert: every code of every float format to every other, and of integers") {
  std::uint64_t checked = 0;
  FloatFormats::for_each(ToEachFormat{&checked});
  SomeIntegers::for_each(ToEachFormat{&checked});
  CHECK(checked > 2000000);
}

TEST_CASE("convert: to the scale format, and from codebooks") {
  CHECK(convert<E8M0, Up>(encode<E4M3>(448.0f)).bits == 127 + 9);
  CHECK(convert<E8M0, TowardZero>(encode<E4M3>(448.0f)).bits == 127 + 8);
  CHECK(convert<E4M3>(Code<E8M0>{127 + 8}).bits == 0x78);
  CHECK(convert<E8M0>(Code<E8M0>{200}).bits == 200);  // nothing to round
  CHECK(convert<BF16>(Code<NF4>{15}).bits == 0x3F80);
  CHECK(convert<NF4>(encode<BF16>(0.72f)).bits == 14);
  CHECK(convert<E2M1>(Code<S1M3>{6}).bits == 7);
}

TEST_CASE("convert: rounding and overflow as asked for") {
  CHECK(convert<E4M3, TowardZero>(encode<FP16>(1.1f)).bits == 0x38);
  CHECK(convert<E4M3, Up>(encode<FP16>(1.1f)).bits == 0x39);
  CHECK(convert<E4M3, NearestEven, ToSpecial>(encode<BF16>(1e9f)).bits == 0x7F);
  CHECK(convert<E2M1>(encode<BF16>(2.75f), Stochastic<8>{0}).bits == 0x4);
  CHECK(convert<E2M1>(encode<BF16>(2.75f), Stochastic<8>{255}).bits == 0x5);
}

TEST_CASE("convert: E2M1 into wider formats is exact, with the codes that decoders rely on") {
  // Spec table: magnitudes 0, 0.5, 1, 1.5, 2, 3, 4, 6.
  unsigned const e4m3[] = {0x00, 0x30, 0x38, 0x3C, 0x40, 0x44, 0x48, 0x4C};
  unsigned const e5m2[] = {0x00, 0x38, 0x3C, 0x3E, 0x40, 0x42, 0x44, 0x46};
  unsigned const bf16[] = {0x0000, 0x3F00, 0x3F80, 0x3FC0, 0x4000, 0x4040, 0x4080, 0x40C0};
  unsigned const fp16[] = {0x0000, 0x3800, 0x3C00, 0x3E00, 0x4000, 0x4200, 0x4400, 0x4600};
  for (unsigned c = 0; c < 8; ++c) {
    CHECK(convert<E4M3>(test::code<E2M1>(c)).bits == e4m3[c]);
    CHECK(convert<E5M2>(test::code<E2M1>(c)).bits == e5m2[c]);
    CHECK(convert<BF16>(test::code<E2M1>(c)).bits == bf16[c]);
    CHECK(convert<FP16>(test::code<E2M1>(c)).bits == fp16[c]);
    CHECK(convert<E2M3>(test::code<E2M1>(c)).bits == c << 2);
    CHECK(convert<E4M3>(test::code<E2M1>(c + 8)).bits == (e4m3[c] | 0x80));
  }
}
