// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <support/bits.hpp>
#include <support/oracle.hpp>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;
namespace oracle = qfmt::test::oracle;

TEST_CASE("real numbers are binary32 and the codes of 16-bit floats") {
  static_assert(Real<float> && Real<Code<BF16>> && Real<Code<FP16>>);
  static_assert(!Real<double> && !Real<Code<E4M3>> && !Real<int>);
}

TEST_CASE("every 16-bit code is its own value rounded") {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    auto const bf16 = test::code<BF16>(bits);
    auto const fp16 = test::code<FP16>(bits);
    if (!is_nan(to_float(bf16)) && from_float<Code<BF16>>(to_float(bf16)) != bf16)
      FAIL("BF16 " << bits);
    if (!is_nan(to_float(fp16)) && from_float<Code<FP16>>(to_float(fp16)) != fp16)
      FAIL("FP16 " << bits);
  }
  CHECK(is_nan(to_float(from_float<Code<BF16>>(std::numeric_limits<float>::quiet_NaN()))));
  CHECK(is_nan(to_float(from_float<Code<FP16>>(-std::numeric_limits<float>::quiet_NaN()))));
}

TEST_CASE("round_to is one step of IEEE arithmetic: nearest even, overflow to infinity") {
  oracle::Encoder const bf16{*oracle::find("BF16"), oracle::Mode::nearest_even, true};
  oracle::Encoder const fp16{*oracle::find("FP16"), oracle::Mode::nearest_even, true};
  test::Samples samples{3};
  for (int i = 0; i < 100000; ++i) {
    float const x = i % 2 == 0 ? samples.any_finite() : samples.normal();
    auto const exact = static_cast<double>(x);
    if (static_cast<double>(round_to<Code<BF16>>(x)) != oracle::find("BF16")->value(bf16(exact)))
      FAIL(x);
    if (static_cast<double>(round_to<Code<FP16>>(x)) != oracle::find("FP16")->value(fp16(exact)))
      FAIL(x);
    if (test::bits_of(round_to<float>(x)) != test::bits_of(x))
      FAIL(x);
  }
  constexpr float inf = std::numeric_limits<float>::infinity();
  CHECK(round_to<Code<BF16>>(std::numeric_limits<float>::max()) == inf);
  CHECK(round_to<Code<FP16>>(-65520.0f) == -inf);
  CHECK(round_to<Code<FP16>>(65519.0f) == 65504.0f);
  CHECK(test::bits_of(round_to<Code<BF16>>(-0.0f)) == 0x80000000u);
}
