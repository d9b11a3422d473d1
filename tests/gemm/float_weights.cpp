// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <qfmt/formats/e3m4.hpp>
#include <qfmt/gemm/float_weights.hpp>
#include <qfmt/tensor/presets.hpp>

using namespace qfmt;

TEST_CASE("which weights are floats of 8 bits") {
  CHECK(has_float_weights<preset::FP8::Weights>);
  CHECK(has_float_weights<preset::FP8_BLOCK::Weights>);
  CHECK(has_float_weights<BlockScheme<MXFP8_E5M2>>);
  CHECK_FALSE(has_float_weights<preset::W8A8::Weights>);
  CHECK_FALSE(has_float_weights<preset::NVFP4::Weights>);
  CHECK_FALSE(has_float_weights<BlockScheme<MXFP6_E2M3>>);
}

TEST_CASE("moving a code and a factor give its value, subnormals too") {
  auto const check = []<class F>() {
    using W = FloatWeights<QuantScheme<F, PerChannel>>;
    for (uint32_t code = 0; code < 256; ++code) {
      float const expected = decode(Code<F>{static_cast<uint8_t>(code)});
      if (!is_finite(expected)) continue;
      uint32_t const top = code << 24;
      float const grid = bit_cast<float>((top & 0x80000000u) | (top & 0x7F000000u) >> W::shift) * W::factor;
      CHECK(bit_cast<uint32_t>(grid) == bit_cast<uint32_t>(expected));
    }
  };
  check.operator()<E4M3>();
  check.operator()<E5M2>();
  check.operator()<E3M4>();
}
