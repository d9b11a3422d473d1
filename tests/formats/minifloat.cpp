// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <string>
#include <support/oracle.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;
namespace oracle = qfmt::test::oracle;

// What Minifloat derives from four facts, against the tables of the specifications.

namespace {

struct E4M2
    : Minifloat<FloatSpec{.exponent_bits = 4, .mantissa_bits = 2, .specials = Specials::ieee}> {
  static constexpr char const* name = "E4M2";
};

// One bit more than a byte.
struct E5M3
    : Minifloat<FloatSpec{.exponent_bits = 5, .mantissa_bits = 3, .specials = Specials::ieee}> {
  static constexpr char const* name = "E5M3";
};

// A bias of zero is a bias, not the absence of one.
struct E2M2B0 : Minifloat<FloatSpec{.exponent_bits = 2, .mantissa_bits = 2, .bias_override = 0}> {
  static constexpr char const* name = "E2M2B0";
};

// A mantissa, though no zero.
struct Mantissas : E2M1 {
  [[maybe_unused]] static constexpr bool has_zero = false;
};

struct DerivedFacts {
  template <class F>
  void operator()() const {
    INFO(std::string{F::name});
    oracle::Facts const* const facts = oracle::find(F::name);
    REQUIRE(facts != nullptr);
    CHECK(F::bits == facts->bits);
    CHECK(F::exponent_bits == facts->exponent_bits);
    CHECK(F::mantissa_bits == facts->mantissa_bits);
    CHECK(F::bias == facts->bias);
    CHECK(F::max_code == facts->max_code);
    CHECK(F::overflow_code == facts->overflow_code);
    CHECK(F::nan_code == facts->nan_code);
    CHECK(F::sign_mask == facts->sign());
    CHECK(F::magnitude_mask == (facts->mask() & ~facts->sign()));
    CHECK(F::is_signed == facts->is_signed);
    CHECK(F::has_negative_zero == facts->negative_zero);
    CHECK(F::has_nan == (facts->nan_code != facts->max_code));
    CHECK(F::has_infinity ==
          (facts->overflow_code != facts->nan_code && facts->overflow_code != facts->max_code));
    int exponent = 0;
    double const mantissa = 2 * std::frexp(facts->magnitude(facts->max_code), &exponent);
    CHECK(F::max_exponent == exponent - 1);
    CHECK(F::max_fraction == static_cast<std::uint32_t>(std::ldexp(mantissa - 1, 23)));
    std::uint32_t const smallest_normal = F::has_zero ? 1u << F::mantissa_bits : 0u;
    CHECK(std::ldexp(1.0, F::min_exponent) == facts->magnitude(smallest_normal));
  }
};

}  // namespace

TEST_CASE("derived facts of the float formats") {
  FloatFormats::for_each(DerivedFacts{});
  ScaleOnlyFormats::for_each(DerivedFacts{});
}

TEST_CASE("floats with a zero, and bare powers of two") {
  static_assert(FloatWithZero<E2M1> && FloatWithZero<E5M3> && !FloatWithZero<E8M0>);
  static_assert(PowersOfTwo<E8M0> && !PowersOfTwo<E2M1> && !PowersOfTwo<UE4M3>);
  static_assert(FloatFormat<Mantissas> && !PowersOfTwo<Mantissas> && !FloatWithZero<Mantissas>);
  CHECK(E8M0::mantissa_bits == 0);
}

TEST_CASE("a new float format is its four facts") {
  static_assert(FloatFormat<E4M2> && E4M2::bits == 7 && E4M2::bias == 7);
  static_assert(FloatFormat<E5M3> && sizeof(Code<E5M3>) == 2 && sizeof(Code<E5M2>) == 1);
  CHECK(decode(encode<E5M3>(-1.25f)) == -1.25f);
  CHECK(max_value<E2M2B0>() == 14.0f);
  CHECK(max_value<E4M2>() == 224.0f);
  CHECK(decode(encode<E4M2>(1.2f)) == 1.25f);
  CHECK(decode(encode<E4M2, NearestEven, ToSpecial>(1e9f)) ==
        std::numeric_limits<float>::infinity());
}
