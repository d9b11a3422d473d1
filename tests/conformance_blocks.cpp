// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <support/by_search.hpp>

#include <qfmt/conformance_blocks.hpp>
#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/profiles/ocp_mx.hpp>

using namespace qfmt;
using qfmt::test::by_search;

namespace {

/// MXFP4 as OCP describes it, with a logarithm and a table: what one writes first.
struct NaiveMxfp4 {
  bool rounds_up = false;
  void operator()(float const* values, uint8_t* scale, uint8_t* codes) const {
    float amax = 0.0f;
    for (int i = 0; i < 32; ++i) amax = std::fmax(amax, std::fabs(values[i]));
    int exponent = amax == 0.0f ? -127 : std::ilogb(amax) - 2 + (rounds_up ? 1 : 0);
    exponent = exponent < -127 ? -127 : exponent;
    *scale = static_cast<uint8_t>(exponent + 127);
    for (int i = 0; i < 32; ++i)
      codes[i] = static_cast<uint8_t>(by_search<E2M1>(std::ldexp(values[i], -exponent)));
  }
};

}  // namespace

TEST_CASE("a quantizer of MX blocks conforms to the rule and the profile that it follows") {
  using Floor = conformance::WithRule<MXFP4, mx::Floor>;
  auto const good = conformance::check_blocks<Floor>(NaiveMxfp4{});
  CAPTURE(good.text());
  CHECK(good.mismatches() == 0);
  CHECK(good.blocks > 30);
  auto const same = conformance::check_blocks<MXFP4, profile::OcpMx>(NaiveMxfp4{});
  CHECK(same.mismatches() == 0);
  CHECK(conformance::check_blocks<MXFP4>(NaiveMxfp4{}).scale_mismatches > 0);
  CHECK(conformance::check_blocks<Floor>(NaiveMxfp4{true}).scale_mismatches > 20);
}

TEST_CASE("the first block that differs is told: its scale, or the element") {
  using Floor = conformance::WithRule<MXFP4, mx::Floor>;
  auto const scale = conformance::check_blocks<Floor>(NaiveMxfp4{true});
  CHECK(scale.element == -1);
  CHECK(scale.text().find("scale: expected 0x") != std::string::npos);
  auto const report =
      conformance::check_blocks<Floor>([](float const* values, uint8_t* s, uint8_t* codes) {
        NaiveMxfp4{}(values, s, codes);
        if (values[31] == -6.0f)
          codes[31] ^= 1;
      });
  CHECK(report.scale_mismatches == 0);
  CHECK(report.code_mismatches > 0);
  CHECK(report.element == 31);
  CAPTURE(report.text());
  CHECK(report.text().find("scale 0x7F (01111111): element 31, 0xC0C00000 (1.10000001.10000000000"
                           "000000000000): expected 0xF (1.11.1), got 0xE (1.11.0)") !=
        std::string::npos);
}

TEST_CASE("an NVFP4 quantizer gets the tensor's scale") {
  auto const quantize = [](float const* values, float encode_scale, uint8_t* scale, uint8_t* codes,
                           bool reciprocal) {
    float amax = 0.0f;
    for (int i = 0; i < 16; ++i) amax = std::fmax(amax, std::fabs(values[i]));
    *scale = static_cast<uint8_t>(by_search<E4M3>(encode_scale * (amax / 6.0f)));
    if (*scale == 0)
      *scale = 1;
    float const step = decode(Code<E4M3>{*scale}) / encode_scale;
    for (int i = 0; i < 16; ++i)
      codes[i] = static_cast<uint8_t>(
          by_search<E2M1>(reciprocal ? values[i] * (1.0f / step) : values[i] / step));
  };
  using namespace conformance;
  auto const good = check_blocks<NVFP4>([&](float const* x, float s, uint8_t* scale, uint8_t* c) {
    quantize(x, s, scale, c, false);
  });
  CAPTURE(good.text());
  CHECK(good.mismatches() == 0);
  auto const other = check_blocks<NVFP4>([&](float const* x, float s, uint8_t* scale, uint8_t* c) {
    quantize(x, 1.0f / s, scale, c, false);  // the inverse of the tensor's scale
  });
  CHECK(other.scale_mismatches > 0);
  CHECK(other.text().find("tensor scale 0x") != std::string::npos);
  auto const multiplied = check_blocks<NVFP4>(
      [&](float const* x, float s, uint8_t* scale, uint8_t* c) { quantize(x, s, scale, c, true); });
  CHECK(multiplied.scale_mismatches == 0);
  CHECK(multiplied.code_mismatches > 0);
}

TEST_CASE("every block format has its blocks, all of them finite") {
  BlockFormats::for_each([]<class B>() {
    int blocks = 0;
    conformance::for_each_block<B>([&](std::vector<float> const& values, float tensor_amax) {
      ++blocks;
      CHECK(values.size() == static_cast<std::size_t>(B::block_size));
      for (float const x : values) CHECK((is_finite(x) && std::fabs(x) <= tensor_amax));
    });
    CHECK(blocks > 30);
  });
}
