// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <initializer_list>
#include <limits>
#include <string>
#include <support/bits.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float largest = std::numeric_limits<float>::max();

template <class F>
void special(float x, unsigned positive, unsigned negative) {
  INFO(std::string{F::name});
  CHECK(encode<F, NearestEven, ToSpecial>(x).bits == positive);
  CHECK(encode<F, NearestEven, ToSpecial>(-x).bits == negative);
}

}  // namespace

TEST_CASE("the two overflow modes, and nothing else") {
  static_assert(OverflowMode<Saturate> && OverflowMode<ToSpecial> && !OverflowMode<int>);
  CHECK(encode<E5M2>(inf) == encode<E5M2, NearestEven, Saturate>(inf));  // Saturate is the default
}

TEST_CASE("ToSpecial: infinity where there is one, else NaN, else the largest value") {
  for (float const x : {largest, inf}) {
    special<E5M2>(x, 0x7C, 0xFC);
    special<E3M4>(x, 0x70, 0xF0);
    special<FP16>(x, 0x7C00, 0xFC00);
    special<E4M3>(x, 0x7F, 0xFF);
    special<UE4M3>(x, 0x7F, 0x7F);
    special<E4M3FNUZ>(x, 0x80, 0x80);
    special<E2M1>(x, 0x7, 0xF);
    special<E3M2>(x, 0x1F, 0x3F);
    special<INT8>(x, 0x7F, 0x80);
    special<UINT4>(x, 0xF, 0x0);
  }
  special<BF16>(inf, 0x7F80, 0xFF80);
  special<BF16>(largest, 0x7F80, 0xFF80);
}

TEST_CASE("Saturate: infinity is a large number") {
  CHECK(decode(encode<BF16>(inf)) == 0x1.FEp127f);
  CHECK(decode(encode<FP16>(-inf)) == -65504.0f);
  CHECK(decode(encode<E4M3>(-inf)) == -448.0f);
  CHECK(decode(encode<E5M2FNUZ>(inf)) == 57344.0f);
}

TEST_CASE("a mode that never increases a magnitude makes no infinity of a number, but keeps one") {
  CHECK(encode<E5M2, TowardZero, ToSpecial>(largest).bits == 0x7B);
  CHECK(encode<E5M2, TowardZero, ToSpecial>(inf).bits == 0x7C);
  CHECK(encode<E5M2, ToOdd, ToSpecial>(largest).bits == 0x7B);
  CHECK(encode<E5M2, Up, ToSpecial>(-largest).bits == 0xFB);
  CHECK(encode<E5M2, Up, ToSpecial>(largest).bits == 0x7C);
  CHECK(encode<E5M2, Down, ToSpecial>(largest).bits == 0x7B);
  CHECK(encode<E5M2, Down, ToSpecial>(-largest).bits == 0xFC);
  CHECK(encode<E5M2, Down, ToSpecial>(-inf).bits == 0xFC);
}
