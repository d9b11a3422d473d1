// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <string>
#include <support/oracle.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;
namespace oracle = qfmt::test::oracle;

TEST_CASE("integers: derived facts, and codes that stand for integers") {
  IntegerFormats::for_each([]<class F>() {
    INFO(std::string{F::name});
    oracle::Facts const* const facts = oracle::find(F::name);
    REQUIRE(facts != nullptr);
    CHECK(F::bits == facts->bits);
    CHECK(F::code_mask == facts->mask());
    CHECK(F::is_signed == facts->is_signed);
    static_assert(!F::has_nan && !F::has_infinity);
    CHECK(F::max_int == static_cast<int>(facts->max_code));
    CHECK(F::min_int == -static_cast<int>(facts->last(true)));
    for (std::uint32_t code = 0; code <= facts->mask(); ++code) {
      CHECK(F::to_int(code) ==
            static_cast<int>(std::ldexp(facts->value(code), facts->fraction_bits)));
      CHECK(F::from_int(F::to_int(code)) == code);
    }
    int exponent = 0;
    double const mantissa = 2 * std::frexp(facts->magnitude(facts->max_code), &exponent);
    CHECK(F::max_exponent == exponent - 1);
    CHECK(F::max_fraction == static_cast<std::uint32_t>(std::ldexp(mantissa - 1, 23)));
  });
}

namespace {
struct INT9 : Integer<IntSpec{.bits = 9}> {
  static constexpr char const* name = "INT9";
};
}  // namespace

TEST_CASE("a new integer format is its width") {
  static_assert(IntegerFormat<INT9> && sizeof(Code<INT9>) == 2);
  static_assert(sizeof(Code<INT8>) == 1 && sizeof(Code<UINT8>) == 1);
  CHECK(decode(encode<INT9>(-256.0f)) == -256.0f);
  CHECK(decode(encode<INT9>(1000.0f)) == 255.0f);
}

TEST_CASE("bits above the code are ignored when it is read as an integer") {
  CHECK(INT4::to_int(0xF8) == -8);
  CHECK(INT4::to_int(0x17) == 7);
  CHECK(UINT3::to_int(0xFF) == 7);
}
