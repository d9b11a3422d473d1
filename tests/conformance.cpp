// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>

#include <qfmt/conformance.hpp>
#include <qfmt/formats/all.hpp>

using namespace qfmt;

namespace {

/// The nearest value of F by search, ties to the even code: shares nothing with encode.
template <FloatFormat F>
uint32_t by_search(float x) {
  if (std::isnan(x))
    return F::nan_code;
  double const magnitude = std::fabs(static_cast<double>(x));
  uint32_t best = 0;
  double distance = INFINITY;
  for (uint32_t code = 0; code <= F::max_code; ++code) {
    double const d =
        std::fabs(static_cast<double>(decode(Code<F>{static_cast<uint8_t>(code)})) - magnitude);
    if (d < distance || (d == distance && code % 2 == 0)) {
      best = code;
      distance = d;
    }
  }
  if (magnitude > static_cast<double>(max_value<F>()))
    best = F::max_code;
  return std::signbit(x) ? best | F::sign_mask : best;
}

}  // namespace

TEST_CASE("a conversion by search conforms") {
  TypeList<E2M1, E2M3, E3M2, E4M3, E5M2>::for_each([]<class F>() {
    auto const report = conformance::check<F>(by_search<F>);
    CAPTURE(report.text());
    CHECK(report.mismatches == 0);
    CHECK(report.inputs > 12 * static_cast<int64_t>(F::max_code));
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
