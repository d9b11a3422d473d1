// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <support/by_search.hpp>

#include <qfmt/conformance.hpp>
#include <qfmt/formats/all.hpp>

using namespace qfmt;
using qfmt::test::by_search;

TEST_CASE("a conversion by search conforms") {
  TypeList<E2M1, E2M3, E3M2, E4M3, E5M2>::for_each([]<class F>() {
    auto const report = conformance::check<F>(by_search<F>);
    CAPTURE(report.text());
    CHECK(report.mismatches == 0);
    CHECK(report.checked > 12 * static_cast<int64_t>(F::max_code));
  });
}

TEST_CASE("every common mistake is found") {
  auto const found = [](auto&& convert) { return conformance::check<E4M3>(convert).mismatches; };
  CHECK(found([](float x) { return encode<E4M3, TowardZero>(x).bits; }) > 0);
  CHECK(found([](float x) { return encode<E4M3, NearestAway>(x).bits; }) > 0);
  CHECK(found([](float x) { return encode<E4M3, NearestEven, ToSpecial>(x).bits; }) > 0);
  CHECK(found([](float x) { return encode<E4M3>(decode(encode<FP16>(x))).bits; }) >
        0);  // rounds twice
  CHECK(found([](float x) {
          return encode<E4M3>(std::fabs(x) < 0x1p-6f ? std::copysign(0.0f, x) : x).bits;
        }) > 0);
  CHECK(found([](float x) { return encode<E4M3>(x == 0.0f ? 0.0f : x).bits; }) > 0);  // loses -0
  CHECK(found([](float x) { return std::isnan(x) ? 0u : encode<E4M3>(x).bits; }) > 0);
}

TEST_CASE("the first mismatch is told bit by bit") {
  auto const report =
      conformance::check<E4M3>([](float x) { return x == 1.0625f ? 0x39u : encode<E4M3>(x).bits; });
  CHECK(report.mismatches > 0);
  std::string const text = report.text();
  CAPTURE(text);
  CHECK(text.find("0x3F880000 (0.01111111.00010000000000000000000)") != std::string::npos);
  CHECK(text.find("expected 0x38 (0.0111.000), got 0x39 (0.0111.001)") != std::string::npos);
}

TEST_CASE("integers and codebooks can be checked as well, and codes of too many bits are shown") {
  CHECK(conformance::check<INT4>([](float x) { return encode<INT4>(x).bits; }).mismatches == 0);
  auto const by_rint = [](float x) {
    float const q = std::isnan(x) ? 7.0f : std::fmin(std::fmax(std::nearbyint(x), -8.0f), 7.0f);
    return static_cast<uint32_t>(static_cast<int>(q)) & 15u;
  };
  CHECK(conformance::check<INT4>(by_rint).mismatches == 0);
  auto const unmasked = conformance::check<INT4>(
      [&](float x) { return by_rint(x) == 15 ? 0xFFFFFFFFu : by_rint(x); });
  CHECK(unmasked.text().find("expected 0xF (1111), got 0xFFFFFFFF (more than 4 bits)") !=
        std::string::npos);
  // bitsandbytes' rule: how many thresholds a value exceeds.
  CHECK(conformance::check<NF4>([](float x) {
          uint32_t code = 0;
          for (int rank = 0; rank < 15; ++rank) code += x > NF4::border(rank) ? 1u : 0u;
          return std::isnan(x) ? 15u : code;
        }).mismatches == 0);
  CHECK((conformance::check<E8M0, Up>([](float x) {
           return encode<E8M0, TowardZero>(x).bits;
         }).mismatches) > 0);
}

TEST_CASE("a decoder is checked on every code") {
  auto const own = [](uint8_t code) { return decode(Code<E5M2>{code}); };
  auto const good = conformance::check_decode<E5M2>(own);
  CHECK(good.checked == 256);
  CHECK(good.mismatches == 0);
  CHECK(good.text() == "E5M2: 0 of 256 codes differ");
  // Any NaN will do, but infinity is none; and -0 is not +0.
  CHECK(conformance::check_decode<E5M2>([&](uint8_t code) {
          return std::isnan(own(code)) ? -NAN : own(code);
        }).mismatches == 0);
  CHECK(conformance::check_decode<E5M2>([&](uint8_t code) {
          return std::isinf(own(code)) ? NAN : own(code);
        }).mismatches == 2);
  auto const unsigned_zero =
      conformance::check_decode<E5M2>([&](uint8_t code) { return own(code) + 0.0f; });
  CHECK(unsigned_zero.mismatches == 1);
  CHECK(unsigned_zero.text().find("0x80 (1.00000.00): expected 0x80000000 (1.00000000.") !=
        std::string::npos);
}
