// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <support/compressed_tensors_reference.hpp>
#include <support/samples.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/profile.hpp>

using namespace qfmt;
namespace reference = qfmt::test::reference;
using profile::CompressedTensors;
using profile::Qfmt;

TEST_CASE("half_range is half the way from the lowest to the highest value") {
  CHECK(half_range<E2M1>() == 6.0f);
  CHECK(half_range<E4M3>() == 448.0f);
  CHECK(half_range<E5M2>() == 57344.0f);
  CHECK(half_range<INT8>() == 127.5f);
  CHECK(half_range<INT4>() == 7.5f);
  CHECK(half_range<INT3>() == 3.5f);
  CHECK(half_range<INT2>() == 1.5f);
  CHECK(half_range<NF4>() == 1.0f);
}

TEST_CASE("what is a profile") {
  static_assert(Profile<Qfmt> && Profile<CompressedTensors> && !Profile<int> && !Profile<E2M1>);
  CHECK(std::string_view{Qfmt::name} == "Qfmt");
  CHECK(std::string_view{CompressedTensors::name} == "CompressedTensors");
}

TEST_CASE("Qfmt calculates in binary32, CompressedTensors in the tensor's type") {
  static_assert(is_same_v<Qfmt::Step<float>, float>);
  static_assert(is_same_v<Qfmt::Step<Code<BF16>>, float>);
  static_assert(is_same_v<CompressedTensors::Step<float>, float> &&
                is_same_v<CompressedTensors::Step<Code<FP16>>, Code<FP16>>);
  CHECK(Qfmt::scale_divisor<INT8>() == 127.5f);
  CHECK(CompressedTensors::scale_divisor<INT4>() == 7.5f);
}

TEST_CASE("both divide by the scale") {
  qfmt::test::Samples samples{46};
  int by_reciprocal = 0;
  for (int i = 0; i < 1000; ++i) {
    float const x = samples.normal();
    float const scale = std::fabs(samples.normal()) + 0.01f;
    CHECK(Qfmt::apply(x, Qfmt::prepare(scale)) == x / scale);
    CHECK(CompressedTensors::apply(x, CompressedTensors::prepare(scale)) == x / scale);
    CHECK(Qfmt::apply(x, Qfmt::prepare_two_level(448.0f, {scale})) == x / (448.0f / scale));
    by_reciprocal += x * (1.0f / scale) != x / scale ? 1 : 0;
  }
  CHECK(by_reciprocal > 0);  // which is not the same
}

TEST_CASE("the code of an element: -0 is kept, or not") {
  CHECK(Qfmt::encode<E4M3>(-0.0f).bits == 0x80);
  CHECK(CompressedTensors::encode<E4M3>(-0.0f).bits == 0x00);
  CHECK(CompressedTensors::encode<E4M3>(-1e-9f).bits == 0x80);  // only rounds to zero
  // NaN keeps its sign, or becomes 0 where the format has none.
  constexpr float quiet = std::numeric_limits<float>::quiet_NaN();
  CHECK(CompressedTensors::encode<E4M3>(quiet).bits == 0x7F);
  CHECK(CompressedTensors::encode<E4M3>(-quiet).bits == 0xFF);
  CHECK(CompressedTensors::encode<E4M3FNUZ>(quiet).bits == 0x80);
  CHECK(CompressedTensors::encode<E2M1>(quiet).bits == 0x0);
  CHECK(CompressedTensors::encode<E2M1>(-quiet).bits == 0x0);
  CHECK(CompressedTensors::encode<INT8>(quiet).bits == 0x7F);
  CHECK(Qfmt::encode<E4M3>(-quiet).bits == 0x7F);
  for (float const x : {0.0f, 1.3f, -500.0f, 1e-9f, std::numeric_limits<float>::infinity()}) {
    CHECK(Qfmt::encode<E4M3>(x) == encode<E4M3>(x));
    CHECK(CompressedTensors::encode<E2M1>(x) == encode<E2M1>(x));
  }
}

TEST_CASE("what takes the place of a scale that is zero") {
  CHECK(Qfmt::nonzero_scale<float, float>(0.0f) == 1.0f);
  CHECK(Qfmt::nonzero_scale<Code<BF16>, Code<FP16>>(0.0f) == 1.0f);
  CHECK(Qfmt::nonzero_scale<Code<BF16>, Code<FP16>>(1e-20f) == 0x1p-24f);
  CHECK(Qfmt::nonzero_scale<float, Code<BF16>>(1e-45f) == 0x1p-133f);
  CHECK(Qfmt::nonzero_scale<float, float>(1e-45f) == 0x1p-126f);
  for (float const amax : {0.0f, 1e-45f}) {
    CHECK(CompressedTensors::nonzero_scale<float, float>(amax) == reference::Type::fp32().epsilon);
    CHECK(CompressedTensors::nonzero_scale<Code<BF16>, Code<BF16>>(amax) ==
          reference::Type::bf16().epsilon);
    CHECK(CompressedTensors::nonzero_scale<Code<FP16>, Code<FP16>>(amax) ==
          reference::Type::fp16().epsilon);
  }
  CHECK(Qfmt::block_scale<E2M1, float>(0.0f, {1.0f}).bits == 0x01);
  CHECK(CompressedTensors::block_scale<E2M1, float>(0.0f, {1.0f}).bits == 0x20);
  CHECK(Qfmt::block_scale<E2M1, float>(6.0f, {1.0f}).bits == 0x38);
}

TEST_CASE("the MX scale: the scheme's rule, or the package's own") {
  CHECK(Qfmt::mx_scale<E2M1, mx::Floor, float>(7.5f).bits == 127);
  CHECK(Qfmt::mx_scale<E2M1, mx::RoundUp, float>(6.5f).bits == 128);
  CHECK(CompressedTensors::mx_scale<E2M1, mx::RoundUp, float>(6.5f).bits == 127);
  CHECK(CompressedTensors::mx_scale<E4M3, mx::Floor, float>(448.0f).bits == 128);
  // FP6 by its own three bits, as the package was seen to do; it keeps the sign of zero, too.
  CHECK(CompressedTensors::encode<E2M3>(-0.0f).bits == 0x20);
  CHECK(CompressedTensors::encode<E2M1>(-0.0f).bits == 0);
  CHECK(CompressedTensors::mx_scale<E2M3, mx::RoundUp, float>(1.875f).bits == 125);
  CHECK(CompressedTensors::mx_scale<E2M3, mx::RoundUp, float>(1.9375f).bits == 126);
  CHECK(CompressedTensors::mx_scale<E2M3, mx::RoundUp, Code<FP16>>(1.875f).bits == 125);
  CHECK(CompressedTensors::mx_scale<E2M3, mx::RoundUp, Code<FP16>>(1.9375f).bits == 126);
  // A scale that FP16 cannot hold: 1.
  CHECK(CompressedTensors::mx_scale<E2M1, mx::RoundUp, Code<FP16>>(0.0f).bits == 127);
  for (float const carries : {1.75f, 1.875f})
    CHECK(CompressedTensors::mx_scale<E2M1, mx::RoundUp, Code<FP16>>(carries).bits == 126);
  for (float const stays : {1.5f, 1.74f})
    CHECK(CompressedTensors::mx_scale<E2M1, mx::RoundUp, Code<FP16>>(stays).bits == 125);
  // Of integers, as of all but FP6, the rule is three quarters: 2^0 is their range.
  CHECK(CompressedTensors::mx_scale<MXINT8, mx::RoundUp, float>(1.75f).bits == 128);
  CHECK(CompressedTensors::mx_scale<MXINT8, mx::RoundUp, Code<FP16>>(1.75f).bits == 128);
}

TEST_CASE("the tensor scale of CompressedTensors is two roundings, not one division") {
  auto const d = reference::Type::bf16();
  int wrong = 0;
  int differs = 0;
  int checked = 0;
  for (std::uint32_t bits = 0; bits < 0x7F80; ++bits) {
    float const amax = to_float(Code<BF16>{static_cast<std::uint16_t>(bits)});
    float const scale = CompressedTensors::global_scale<Code<BF16>>(amax).encode_scale;
    wrong += scale != reference::nvfp4_global_scale(d, amax) ? 1 : 0;
    differs += scale != d.round(2688.0f / amax) ? 1 : 0;
    ++checked;
  }
  CHECK(wrong == 0);
  CHECK(checked == 32640);
  // 8,651 of these differ from the quotient by a unit in the last place; for the smallest the
  // result 1 too.
  CHECK(differs > 8651);
  CHECK(CompressedTensors::global_scale<Code<BF16>>(0.0f).encode_scale == 1.0f);
  // By running the package: up to here 1 / amax * 2688 is beyond FP16.
  CHECK(CompressedTensors::global_scale<Code<FP16>>(0.041015625f).encode_scale == 1.0f);
  CHECK(CompressedTensors::global_scale<Code<FP16>>(0.041046142578125f).encode_scale == 65472.0f);
  CHECK(CompressedTensors::global_scale<Code<BF16>>(0.033203125f).encode_scale == 80896.0f);
}

TEST_CASE("the tensor scale of Qfmt: a division, capped") {
  CHECK(Qfmt::global_scale<float>(0.033203125f).encode_scale == 2688.0f / 0.033203125f);
  CHECK(Qfmt::global_scale<Code<BF16>>(0.033203125f).encode_scale == 2688.0f / 0.033203125f);
  CHECK(Qfmt::global_scale<float>(0.0f).encode_scale == 1.0f);
  CHECK(Qfmt::global_scale<float>(0x1p-149f).encode_scale == 0x1p96f);
}
