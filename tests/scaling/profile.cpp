// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <initializer_list>
#include <limits>
#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/profile.hpp>
#include <string_view>
#include <support/compressed_tensors_reference.hpp>

using namespace qfmt;
namespace reference = qfmt::test::reference;
using profile::CompressedTensors;
using profile::Qfmt;

TEST_CASE("the two profiles, and what is none") {
  static_assert(Profile<Qfmt> && Profile<CompressedTensors> && !Profile<int>);
  CHECK(std::string_view{Qfmt::name} == "Qfmt");
  CHECK(std::string_view{CompressedTensors::name} == "CompressedTensors");
}

TEST_CASE("Qfmt calculates in binary32, CompressedTensors in the tensor's type") {
  static_assert(is_same_v<Qfmt::Step<float>, float> && is_same_v<Qfmt::Step<Code<BF16>>, float>);
  static_assert(is_same_v<CompressedTensors::Step<float>, float> && is_same_v<CompressedTensors::Step<Code<FP16>>, Code<FP16>>);
  static_assert(Qfmt::keeps_negative_zero && !CompressedTensors::keeps_negative_zero);
  CHECK(Qfmt::nonzero_block_scale == 0x01);
  CHECK(CompressedTensors::nonzero_block_scale == 0x20);
}

TEST_CASE("what takes the place of a scale that is zero") {
  CHECK(Qfmt::nonzero_scale<float, float>(0.0f) == 1.0f);
  CHECK(Qfmt::nonzero_scale<Code<BF16>, Code<FP16>>(0.0f) == 1.0f);
  CHECK(Qfmt::nonzero_scale<Code<BF16>, Code<FP16>>(1e-20f) == 0x1p-24f);
  CHECK(Qfmt::nonzero_scale<float, Code<BF16>>(1e-45f) == 0x1p-133f);
  CHECK(Qfmt::nonzero_scale<float, float>(1e-45f) == 0x1p-126f);
  for (float const amax : {0.0f, 1e-45f}) {
    CHECK(CompressedTensors::nonzero_scale<float, float>(amax) == reference::Type::fp32().epsilon);
    CHECK(CompressedTensors::nonzero_scale<Code<BF16>, Code<BF16>>(amax) == reference::Type::bf16().epsilon);
    CHECK(CompressedTensors::nonzero_scale<Code<FP16>, Code<FP16>>(amax) == reference::Type::fp16().epsilon);
  }
}

TEST_CASE("the tensor scale of CompressedTensors is two roundings, not one division") {
  // 1 / 3.140625 and its product with 2688, both to BF16; the quotient would be another number.
  auto const d = reference::Type::bf16();
  int wrong = 0;
  int differs = 0;
  int checked = 0;
  for (std::uint32_t bits = 0; bits < 0x7F80; ++bits) {
    float const amax = to_float(Code<BF16>{static_cast<std::uint16_t>(bits)});
    float const scale = CompressedTensors::encode_scale<Code<BF16>>(amax);
    wrong += scale != reference::nvfp4_global_scale(d, amax) ? 1 : 0;
    differs += scale != d.round(2688.0f / amax) ? 1 : 0;
    ++checked;
  }
  CHECK(wrong == 0);
  CHECK(checked == 32640);
  // 8,651 of these differ from the quotient by a unit in the last place; for the smallest the result 1 too.
  CHECK(differs > 8651);
  CHECK(CompressedTensors::encode_scale<Code<BF16>>(0.0f) == 1.0f);
  // By running the package: up to here 1 / amax * 2688 is beyond FP16.
  CHECK(CompressedTensors::encode_scale<Code<FP16>>(0.041015625f) == 1.0f);
  CHECK(CompressedTensors::encode_scale<Code<FP16>>(0.041046142578125f) == 65472.0f);
  CHECK(CompressedTensors::encode_scale<Code<BF16>>(0.033203125f) == 80896.0f);
}
