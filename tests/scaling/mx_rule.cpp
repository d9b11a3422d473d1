// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/mx_rule.hpp>

using namespace qfmt;

namespace {

/// What the OCP specification, cuBLAS and compressed-tensors publish, for amax = mantissa * 2^0.
template <class F, class Rule>
int code(float amax) {
  return mx::scale_code<F, Rule>(amax).bits;
}

}  // namespace

TEST_CASE("boundaries of the rules") {
  // E2M1: emax 2, so amax in [4, 8) has the scale 1 under Floor.
  CHECK(code<E2M1, mx::Floor>(4.0f) == 127);
  CHECK(code<E2M1, mx::Floor>(7.999f) == 127);
  CHECK(code<E2M1, mx::Floor>(8.0f) == 128);
  CHECK(code<E2M1, mx::Ceil>(4.0f) == 127);
  CHECK(code<E2M1, mx::Ceil>(std::nextafter(4.0f, 5.0f)) == 128);
  CHECK(code<E2M1, mx::RoundUp>(6.0f) == 127);
  CHECK(code<E2M1, mx::RoundUp>(std::nextafter(6.0f, 7.0f)) == 128);
  CHECK(code<E2M1, mx::Even>(std::nextafter(7.0f, 6.0f)) == 127);
  CHECK(code<E2M1, mx::Even>(7.0f) == 128);
  CHECK(code<E4M3, mx::RoundUp>(448.0f) == 127);
  CHECK(code<E4M3, mx::RoundUp>(std::nextafter(448.0f, 500.0f)) == 128);
  CHECK(code<E4M3, mx::Even>(std::nextafter(496.0f, 0.0f)) == 127);
  CHECK(code<E4M3, mx::Even>(496.0f) == 128);
  CHECK(code<E4M3, mx::AtThreeQuarters>(448.0f) == 128);
  CHECK(code<E5M2, mx::RoundUp>(57344.0f) == 127);
  CHECK(code<E5M2, mx::Even>(61440.0f) == 128);
  CHECK(code<MXINT8, mx::RoundUp>(127.0f / 64.0f) == 127);
  CHECK(code<MXINT8, mx::RoundUp>(2.0f) == 128);
  CHECK(code<S1M3, mx::RoundUp>(6.0f) == 127);
}

TEST_CASE("ends of the range") {
  CHECK(code<E2M1, mx::Floor>(0.0f) == 0);
  CHECK(code<E2M1, mx::RoundUp>(0x1p-149f) == 0);
  CHECK(code<E2M1, mx::RoundUp>(0x1p-126f) == 0);
  CHECK(code<E2M1, mx::Floor>(0x1.fffffep127f) == 127 + 125);
  CHECK(code<MXINT8, mx::Ceil>(0x1.fffffep127f) == 254);
  CHECK(code<E2M1, mx::Floor>(INFINITY) == 254);
  CHECK(code<E2M1, mx::Floor>(NAN) == 255);
  CHECK(code<E2M1, mx::Floor>(-NAN) == 255);
}

TEST_CASE("no rule but Floor, Even and AtThreeQuarters ever clips") {
  // Every mantissa of one binade, in steps of 2^-13.
  for (int i = 0; i < 8192; ++i) {
    float const amax = 1.0f + static_cast<float>(i) / 8192.0f;
    auto const scaled = [amax](Code<E8M0> scale) { return amax / decode(scale); };
    CHECK(scaled(mx::scale_code<E2M1, mx::RoundUp>(amax)) <= 6.0f);
    CHECK(scaled(mx::scale_code<E2M1, mx::RoundUp>(amax)) > 3.0f);
    CHECK(scaled(mx::scale_code<E4M3, mx::Ceil>(amax)) <= 448.0f);
    CHECK(scaled(mx::scale_code<E4M3, mx::AtThreeQuarters>(amax)) < 448.0f);
    CHECK(scaled(mx::scale_code<E2M1, mx::Even>(amax)) < 7.0f);
    CHECK(scaled(mx::scale_code<E2M1, mx::Floor>(amax)) < 8.0f);
  }
}
