// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/asymmetric.hpp>
#include <qfmt/scaling/block_format.hpp>
#include <qfmt/scaling/quantize_value.hpp>

using namespace qfmt;

namespace {
using BF16Code = Code<BF16>;
}  // namespace

TEST_CASE("quantize_value: division, zero point, rounding, in the order that the profile states") {
  CHECK(quantize_value<INT8, Symmetric, profile::Qfmt, float>(1.0f, 0.4f, 0.0f).bits ==
        2);  // 2.5, to even
  CHECK(quantize_value<INT4, Asymmetric, profile::Qfmt, float>(1.0f, 0.5f, -3.0f).bits == 0xF);
  CHECK(quantize_value<INT4, Asymmetric, profile::Qfmt, float>(100.0f, 0.5f, 0.0f).bits == 0x7);
  CHECK(quantize_value<E4M3, Symmetric, profile::Qfmt, float>(-0.0f, 1.0f, 0.0f).bits == 0x80);
  CHECK(
      quantize_value<E4M3, Symmetric, profile::CompressedTensors, float>(-0.0f, 1.0f, 0.0f).bits ==
      0x00);
  // In BF16 the quotient 1 / 0.0235 = 42.553... becomes 42.5 and then 42; in binary32 it goes
  // to 43.
  CHECK(quantize_value<INT8, Symmetric, profile::CompressedTensors, BF16Code>(1.0f, 0.0235f, 0.0f)
            .bits == 42);
  CHECK(quantize_value<INT8, Symmetric, profile::Qfmt, BF16Code>(1.0f, 0.0235f, 0.0f).bits == 43);
}

TEST_CASE("RoundTrip: a code and back, every step in the profile's type") {
  // Codes -8 to 7 around zero point 2, scale 1/2: 1 becomes code 4, and 1 again; 9 is cut off.
  constexpr RoundTrip<INT4, Asymmetric, profile::Qfmt, float> asymmetric{{0.5f, 2}, {}};
  static_assert(asymmetric(1.0f) == 1.0f && asymmetric(9.0f) == 2.5f && asymmetric(-9.0f) == -5.0f);
  CHECK(asymmetric(0.26f) == 0.5f);

  // 5 * 0.3 in binary32, and rounded to BF16 after the scale was; the quotient as well.
  BF16Code const scale = from_float<BF16Code>(0.3f);
  RoundTrip<INT8, SymmetricScale<BF16Code>, profile::Qfmt, BF16Code> const wide{{scale}, {}};
  RoundTrip<INT8, SymmetricScale<BF16Code>, profile::CompressedTensors, BF16Code> const narrow{
      {scale}, {}};
  CHECK(wide(1.5f) == 5.0f * to_float(scale));
  CHECK(narrow(1.5f) == round_to<BF16Code>(5.0f * to_float(scale)));
  CHECK(wide(1.5f) != narrow(1.5f));

  // Under two levels the scale is 1.5 / 4; 4.5 codes go to 4.
  RoundTrip<E2M1, TwoLevel, profile::Qfmt, float> const two_level{{encode<UE4M3>(1.5f)}, {4.0f}};
  CHECK(two_level(4.5f * 0.375f) == 1.5f);
  CHECK(two_level(-100.0f) == -6.0f * 0.375f);
}
