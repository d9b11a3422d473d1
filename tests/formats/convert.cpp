// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// encode and decode: special values, constant expressions, unsigned formats. The bulk of their
// tests is in convert/ (samples, decision points, conversions) and laws/.

#include <doctest/doctest.h>
#include <limits>
#include <support/bits.hpp>
#include <support/oracle.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;
using qfmt::test::float_of;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float largest = std::numeric_limits<float>::max();
constexpr float quiet = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("special values: the table of CUDA's conversions, saturating and not") {
  struct Row {
    float x;
    unsigned e4m3, e4m3_special, e5m2, e5m2_special, e2m1, e2m3, e3m2;
  };
  Row const rows[] = {
      {quiet, 0x7F, 0x7F, 0x7F, 0x7F, 0x7, 0x1F, 0x1F},
      {float_of(0xFFC00000u), 0x7F, 0x7F, 0x7F, 0x7F, 0x7, 0x1F, 0x1F},
      {float_of(0x7F800001u), 0x7F, 0x7F, 0x7F, 0x7F, 0x7, 0x1F, 0x1F},
      {inf, 0x7E, 0x7F, 0x7B, 0x7C, 0x7, 0x1F, 0x1F},
      {-inf, 0xFE, 0xFF, 0xFB, 0xFC, 0xF, 0x3F, 0x3F},
      {largest, 0x7E, 0x7F, 0x7B, 0x7C, 0x7, 0x1F, 0x1F},
      {-largest, 0xFE, 0xFF, 0xFB, 0xFC, 0xF, 0x3F, 0x3F},
      {0.0f, 0x00, 0x00, 0x00, 0x00, 0x0, 0x00, 0x00},
      {-0.0f, 0x80, 0x80, 0x80, 0x80, 0x8, 0x20, 0x20},
      {-1.0f, 0xB8, 0xB8, 0xBC, 0xBC, 0xA, 0x28, 0x2C},
      {0x1p-149f, 0x00, 0x00, 0x00, 0x00, 0x0, 0x00, 0x00},
      {-0x1p-149f, 0x80, 0x80, 0x80, 0x80, 0x8, 0x20, 0x20},
  };
  for (auto const& row : rows) {
    INFO(row.x);
    CHECK(encode<E4M3>(row.x).bits == row.e4m3);
    CHECK(encode<E4M3, NearestEven, ToSpecial>(row.x).bits == row.e4m3_special);
    CHECK(encode<E5M2>(row.x).bits == row.e5m2);
    CHECK(encode<E5M2, NearestEven, ToSpecial>(row.x).bits == row.e5m2_special);
    CHECK(encode<E2M1>(row.x).bits == row.e2m1);
    CHECK(encode<E2M1, NearestEven, ToSpecial>(row.x).bits == row.e2m1);
    CHECK(encode<E2M3>(row.x).bits == row.e2m3);
    CHECK(encode<E3M2>(row.x).bits == row.e3m2);
    // binary64 gives the same, NaN included: the sign and payload of a NaN are dropped.
    CHECK(encode<E4M3>(static_cast<double>(row.x)).bits == row.e4m3);
    CHECK(encode<E5M2>(static_cast<double>(row.x)).bits == row.e5m2);
  }
}

TEST_CASE("special values: FNUZ has one NaN and no negative zero") {
  for (float const x : {quiet, float_of(0xFFC00000u)}) {
    CHECK(encode<E4M3FNUZ>(x).bits == 0x80);
    CHECK(encode<E5M2FNUZ, NearestEven, ToSpecial>(x).bits == 0x80);
  }
  CHECK(encode<E4M3FNUZ>(inf).bits == 0x7F);
  CHECK(encode<E4M3FNUZ>(-inf).bits == 0xFF);
  CHECK(encode<E4M3FNUZ, NearestEven, ToSpecial>(-inf).bits == 0x80);
  CHECK(encode<E4M3FNUZ>(-0.0f).bits == 0x00);
  CHECK(encode<E4M3FNUZ, Down>(-0x1p-149f).bits == 0x81);
}

TEST_CASE("special values: integers clamp, NaN becomes the largest") {
  CHECK(encode<INT8>(quiet).bits == 0x7F);
  CHECK(encode<INT8>(-quiet).bits == 0x7F);
  CHECK(encode<INT8>(inf).bits == 0x7F);
  CHECK(encode<INT8>(-inf).bits == 0x80);
  CHECK(encode<INT8, NearestEven, ToSpecial>(-inf).bits == 0x80);
  CHECK(encode<UINT8>(quiet).bits == 0xFF);
  CHECK(encode<UINT8>(-inf).bits == 0x00);
  CHECK(encode<INT4>(-0.0f).bits == 0x0);
  CHECK(encode<INT4, Up>(0x1p-149f).bits == 0x1);
  CHECK(encode<INT4, Down>(-0x1p-149f).bits == 0xF);
  CHECK(encode<INT8>(0x1p31f).bits == 0x7F);  // beyond int32
  CHECK(encode<INT8>(-0x1p100f).bits == 0x80);
}

TEST_CASE("unsigned formats: floats take the magnitude, integers stop at zero") {
  for (float const x : {0.3f, 7.0f, 500.0f, inf}) {
    CHECK(encode<UE4M3>(-x) == encode<UE4M3>(x));
    CHECK(encode<UE4M3, Up>(-x) == encode<UE4M3, Up>(x));  // up in magnitude
    CHECK(encode<UINT4>(-x).bits == 0);
    CHECK(encode<UE4M3>(x).bits == encode<E4M3>(x).bits);  // the same byte as E4M3
  }
}

TEST_CASE("decode: NaN is quiet and keeps the sign of the code") {
  CHECK(test::bits_of(decode(Code<E4M3>{0x7F})) == 0x7FC00000u);
  CHECK(test::bits_of(decode(Code<E4M3>{0xFF})) == 0xFFC00000u);
  CHECK(test::bits_of(decode(Code<E5M2>{0x7D})) == 0x7FC00000u);
  CHECK(test::bits_of(decode(Code<E5M2>{0xFE})) == 0xFFC00000u);
  CHECK(test::bits_of(decode(Code<E4M3FNUZ>{0x80})) == 0x7FC00000u);
  CHECK(test::bits_of(decode(Code<E8M0>{0xFF})) == 0x7FC00000u);
  CHECK(test::bits_of(decode(Code<BF16>{0x7F81})) == 0x7FC00000u);
}

TEST_CASE("FNUZ: a finite code means half of what the OCP code means") {
  for (unsigned c = 1; c < 0x7E; ++c)
    CHECK(decode(test::code<E4M3FNUZ>(c)) == decode(test::code<E4M3>(c)) / 2);
  for (unsigned c = 1; c < 0x7B; ++c)
    CHECK(decode(test::code<E5M2FNUZ>(c)) == decode(test::code<E5M2>(c)) / 2);
}

namespace {

// Constant evaluation rejects undefined behaviour: all codes and all sorts of arguments in one go.
template <class F>
constexpr bool round_trips() {
  for (std::uint32_t bits = 0; bits < (1u << F::bits); ++bits) {
    float const value = decode(test::code<F>(bits));
    if (is_finite(value) && encode<F>(value).bits != bits)
      return false;
  }
  return true;
}

template <class F, class R>
constexpr std::uint32_t digest() {
  std::uint32_t sum = 0;
  for (std::uint32_t bits = 0; bits < 0xFF000000u; bits += 0x00FFFFF1u) {
    sum = sum * 31 + encode<F, R>(float_of(bits)).bits;
    sum = sum * 31 +
          encode<F, R, ToSpecial>(qfmt::bit_cast<double>(std::uint64_t{bits} << 32 | ~bits)).bits;
  }
  return sum;
}

template <class F, class R>
std::uint32_t digest_at_run_time() {
  std::uint32_t volatile step = 0x00FFFFF1u;
  std::uint32_t sum = 0;
  for (std::uint32_t bits = 0; bits < 0xFF000000u; bits += step) {
    sum = sum * 31 + encode<F, R>(float_of(bits)).bits;
    sum = sum * 31 +
          encode<F, R, ToSpecial>(qfmt::bit_cast<double>(std::uint64_t{bits} << 32 | ~bits)).bits;
  }
  return sum;
}

template <class F, class R>
void same_in_constant_expressions() {
  constexpr std::uint32_t constant = digest<F, R>();
  CHECK(constant == digest_at_run_time<F, R>());
}

}  // namespace

TEST_CASE("encode and decode in constant expressions") {
  static_assert(encode<E4M3>(1.1f) == Code<E4M3>{0x39});
  static_assert(decode(Code<E4M3>{0x39}) == 1.125f);
  static_assert(round_trips<E2M1>() && round_trips<E2M3>() && round_trips<E3M2>() &&
                round_trips<E3M4>());
  static_assert(round_trips<E4M3>() && round_trips<E4M3FNUZ>() && round_trips<E4M3IEEE>() &&
                round_trips<E4M3B11FNUZ>());
  static_assert(round_trips<E5M2>() && round_trips<E5M2FNUZ>() && round_trips<UE4M3>() &&
                round_trips<UE5M3>());
  static_assert(round_trips<INT2>() && round_trips<INT4>() && round_trips<INT8>() &&
                round_trips<UINT2>() && round_trips<UINT8>());
  static_assert(round_trips<NF4>());
  same_in_constant_expressions<E4M3, NearestEven>();
  same_in_constant_expressions<E5M2, ToOdd>();
  same_in_constant_expressions<E2M1, Up>();
  same_in_constant_expressions<FP16, NearestAway>();
  same_in_constant_expressions<BF16, Down>();
  same_in_constant_expressions<E8M0, Up>();
  same_in_constant_expressions<INT8, TowardZero>();
  same_in_constant_expressions<UINT3, NearestEven>();
}

TEST_CASE("the largest and the lowest value") {
  FloatFormats::for_each([]<class F>() {
    auto const* const facts = test::oracle::find(F::name);
    REQUIRE(facts != nullptr);
    CHECK(static_cast<double>(max_value<F>()) == facts->magnitude(facts->max_code));
    CHECK(static_cast<double>(min_value<F>()) ==
          (facts->is_signed ? -facts->magnitude(facts->max_code) : 0.0));
  });
  IntegerFormats::for_each([]<class F>() {
    auto const* const facts = test::oracle::find(F::name);
    REQUIRE(facts != nullptr);
    CHECK(static_cast<double>(max_value<F>()) == facts->magnitude(facts->max_code));
    CHECK(static_cast<double>(min_value<F>()) == -facts->magnitude(facts->last(true)));
  });
  CHECK(min_value<NF4>() == -1.0f);
  CHECK(max_value<S1M3>() == 6.0f);
}

TEST_CASE("beyond the largest value: what a mode never rounds up to, and infinity") {
  // Toward zero a finite value stays finite, also where overflow is asked for; infinity is no value.
  CHECK(encode<E5M2, TowardZero, ToSpecial>(1e6f).bits == 0x7B);
  CHECK(encode<E5M2, TowardZero, ToSpecial>(inf).bits == 0x7C);
  CHECK(encode<E5M2, Down, ToSpecial>(1e6f).bits == 0x7B);
  CHECK(encode<E5M2, Down, ToSpecial>(-1e6f).bits == 0xFC);
  CHECK(encode<E5M2, Up, ToSpecial>(-1e6f).bits == 0xFB);
  CHECK(encode<E5M2, Up, ToSpecial>(-inf).bits == 0xFC);
  CHECK(encode<E5M2, NearestEven, ToSpecial>(57344.0f).bits == 0x7B);
  // The step of the source is the step of the integer: still no shift by zero.
  static_assert(encode<INT8>(0x1p23f).bits == 0x7F && encode<INT8>(-0x1p23f).bits == 0x80);
  static_assert(encode<MXINT8>(0x1p17f).bits == 0x7F);
}

TEST_CASE("zero is exact in every mode, and the smallest normal source is not zero") {
  static_assert(encode<E2M1, Up>(0.0f).bits == 0 && encode<E2M1, Down>(-0.0f).bits == 8);
  static_assert(encode<E2M1, Up>(0x1p-149f).bits == 1 && encode<E2M1, Up>(0x1p-126f).bits == 1);
  static_assert(encode<INT8, Up>(0.0f).bits == 0 && encode<INT8, Down>(-0.0f).bits == 0);
  static_assert(encode<INT8, Up>(0x1p-149f).bits == 1 && encode<INT8, Up>(0x1p-126f).bits == 1);
  CHECK(encode<INT8, Down>(-0x1p-126f).bits == 0xFF);
  CHECK(encode<INT8, Up>(0.0).bits == 0);
}
