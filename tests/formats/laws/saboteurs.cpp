// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Codecs that are wrong on purpose: the laws must not hold for them.

#include <doctest/doctest.h>
#include <support/laws/expect.hpp>
#include <support/laws/format_laws.hpp>

#include <qfmt/formats/all.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

// Negative controls, after the list of saboteurs in the plan of tests.

struct Truncates : Codec<E4M3> {
  static Code<E4M3> encode(float x) { return qfmt::encode<E4M3, TowardZero>(x); }
};
struct TiesAway : Codec<E4M3> {
  static Code<E4M3> encode(float x) { return qfmt::encode<E4M3, NearestAway>(x); }
};
struct FlushesSubnormals : Codec<E4M3> {
  static Code<E4M3> encode(float x) {
    auto const code = qfmt::encode<E4M3>(x);
    return (code.bits & 0x78) == 0 ? Code<E4M3>{static_cast<std::uint8_t>(code.bits & 0x80)} : code;
  }
};
struct DropsSignOfZero : Codec<E4M3> {
  static Code<E4M3> encode(float x) {
    auto const code = qfmt::encode<E4M3>(x);
    return code.bits == 0x80 ? Code<E4M3>{} : code;
  }
};
struct OverflowsToNan : Codec<E4M3> {
  static Code<E4M3> encode(float x) { return qfmt::encode<E4M3, NearestEven, ToSpecial>(x); }
};
struct NanToZero : Codec<E4M3> {
  static Code<E4M3> encode(float x) { return is_nan(x) ? Code<E4M3>{} : qfmt::encode<E4M3>(x); }
};
struct RoundsTwice : Codec<E2M1> {
  static Code<E2M1> encode(float x) { return qfmt::encode<E2M1>(decode(qfmt::encode<FP16>(x))); }
  using Codec<E2M1>::decode;
  static float decode(Code<FP16> x) { return qfmt::decode(x); }
};
struct LosesOneCode : Codec<E4M3> {
  static float decode(Code<E4M3> code) {
    return qfmt::decode(Code<E4M3>{code.bits == 0x31 ? std::uint8_t{0x30} : code.bits});
  }
};
struct WrongBias : Codec<E4M3> {
  static float decode(Code<E4M3> code) { return qfmt::decode(code) * 0.5f; }
};
struct MirroredIntegers : Codec<INT4> {
  static float decode(Code<INT4> code) { return -qfmt::decode(code); }
};
struct WrapsAround : Codec<INT8> {
  static Code<INT8> encode(float x) {
    if (is_nan(x))
      return qfmt::encode<INT8>(x);
    auto const wide = qfmt::encode<E8M0, TowardZero>(x).bits > 127 + 30
                          ? 0
                          : static_cast<std::int32_t>(std::lrintf(x));
    return {static_cast<std::uint8_t>(wide)};
  }
};

}  // namespace

TEST_CASE("each sabotaged codec violates a law") {
  expect_violated(laws::ties_go_to_even<Truncates>());
  expect_violated(laws::error_is_bounded<Truncates>());
  expect_violated(laws::ties_go_to_even<TiesAway>());
  expect_violated(laws::codes_round_trip<FlushesSubnormals>());
  expect_violated(laws::error_is_bounded<FlushesSubnormals>());
  expect_violated(laws::encode_takes_a_neighbour<FlushesSubnormals>());
  expect_violated(laws::codes_round_trip<DropsSignOfZero>());
  expect_violated(laws::sign_symmetric<DropsSignOfZero>());
  expect_violated(laws::saturates<OverflowsToNan>());
  expect_violated(laws::encode_increases<OverflowsToNan>());
  expect_violated(laws::nan_is_canonical<NanToZero>());
  expect_violated(laws::ties_go_to_even<RoundsTwice>());
  expect_violated(laws::decode_increases<LosesOneCode>());
  expect_violated(laws::codes_round_trip<WrongBias>());
  expect_violated(laws::decode_increases<MirroredIntegers>());
  expect_violated(laws::saturates<WrapsAround>());
  expect_violated(laws::encode_increases<WrapsAround>());
  expect_violated(laws::modes_are_ordered<Codec<E4M3>, Codec<E4M3, TowardZero>, Codec<E4M3, Down>,
                                          Codec<E4M3, Up>>());
  expect_violated(laws::modes_are_ordered<Codec<E4M3>, Codec<E4M3, Down>, Codec<E4M3, Up>,
                                          Codec<E4M3, Down>>());
}
