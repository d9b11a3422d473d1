// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <qfmt/gemm/digits.hpp>
#include <qfmt/tensor/presets.hpp>

using namespace qfmt;

namespace {

std::uint32_t bits_of(float x) { return bit_cast<std::uint32_t>(x); }

}  // namespace

TEST_CASE("weights as integers") {
  using Nvfp4 = IntegerWeights<BlockScheme<NVFP4>>;
  CHECK(Nvfp4::block == 16);
  CHECK(Nvfp4::table[7] == 12 + 12);   // 6
  CHECK(Nvfp4::table[9] == 12 - 1);    // -0.5
  CHECK(Nvfp4::largest == 24);
  using Int4 = IntegerWeights<preset::W4A16::Weights>;
  CHECK(Int4::block == 32);
  CHECK(Int4::offset == 8);
  CHECK(Int4::unit == 1.0f);
  CHECK(Int4::table[8] == 0);  // -8
  using Asymmetric4 = IntegerWeights<preset::W4A16_ASYM::Weights>;
  CHECK(Asymmetric4::offset == 15);
  CHECK(Asymmetric4::largest == 30);
  CHECK(IntegerWeights<preset::W8A8::Weights>::offset == 128);
  CHECK(IntegerWeights<BlockScheme<MXS1M3>>::unit == 0.25f);

  CHECK(has_integer_weights<BlockScheme<MXFP4>>);
  CHECK_FALSE(has_integer_weights<preset::FP8::Weights>);
  CHECK_FALSE(has_integer_weights<BlockScheme<MXINT8Block>>);
  CHECK_FALSE(has_integer_weights<QuantScheme<INT8, PerChannel, Asymmetric>>);
  CHECK_FALSE(has_integer_weights<QuantScheme<INT3, PerChannel>>);
}

TEST_CASE("a token's scale makes its largest magnitude fit, and wastes no bit") {
  for (int slices = 1; slices <= 3; ++slices) {
    double const most = slices == 1 ? 127 : slices == 2 ? 32639 : 8355711;
    for (double amax = 0x1p-99; amax < 0x1p128; amax *= 1.37) {
      for (float const a : {static_cast<float>(amax), std::nextafter(static_cast<float>(amax), 0.0f)}) {
        TokenScale const s = token_scale(bits_of(a), slices);
        double const integer = static_cast<double>(std::nearbyint(a * s.to_integer));
        CHECK(integer <= most);
        CHECK(integer * 2.02 > most);
        if (slices > 1) CHECK(s.scale * s.to_integer == 1.0f);
      }
    }
    // At the edge where the exponent changes.
    for (std::uint32_t mantissa = 0x7EF000; mantissa < 0x7F1000; ++mantissa)
      CHECK(static_cast<double>(std::nearbyint(bit_cast<float>(0x3F800000u | mantissa) * token_scale(0x3F800000u | mantissa, slices).to_integer)) <= most);
  }
}

TEST_CASE("tokens without a scale of their own") {
  for (int slices = 1; slices <= 3; ++slices) {
    for (float const x : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
      CHECK(is_nan(token_scale(bits_of(x), slices).scale));
      CHECK(token_scale(bits_of(x), slices).to_integer == 0.0f);
    }
    for (float const x : {0.0f, 1e-45f, 0x1p-126f}) {
      CHECK(token_scale(bits_of(x), slices).scale == token_scale(bits_of(0x1p-100f), slices).scale);
      CHECK(is_finite(token_scale(bits_of(x), slices).to_integer));
    }
  }
}

TEST_CASE("the place of digits") {
  constexpr DigitLayout layout{2, 32, 4};
  CHECK(layout.token_bytes() == 2 * 32 + 2 * 4);
  CHECK(layout.block_bytes() == 4 * 72);
  CHECK(layout.bytes(96) == 3 * 4 * 72);
}
