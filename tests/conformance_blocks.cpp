// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <cmath>
#include <doctest/doctest.h>
#include <support/by_search.hpp>

#include <qfmt/conformance_blocks.hpp>
#include <qfmt/formats/all.hpp>
#include <qfmt/observers/four_over_six.hpp>
#include <qfmt/observers/scale_sweep.hpp>
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
  CHECK(good.mismatches == 0);
  CHECK(good.checked > 30);
  auto const same = conformance::check_blocks<MXFP4, profile::OcpMx>(NaiveMxfp4{});
  CHECK(same.mismatches == 0);
  CHECK(conformance::check_blocks<MXFP4>(NaiveMxfp4{}).other_scales > 0);
  CHECK(conformance::check_blocks<Floor>(NaiveMxfp4{true}).other_scales > 20);
}

TEST_CASE("the first block that differs is told: its scale, or the element") {
  using Floor = conformance::WithRule<MXFP4, mx::Floor>;
  auto const scale = conformance::check_blocks<Floor>(NaiveMxfp4{true});
  CHECK(scale.text().find(": scale: expected 0x") != std::string::npos);
  CHECK(scale.text().find(" blocks differ, " + std::to_string(scale.other_scales) +
                          " of them in the scale; the first is a block with largest") !=
        std::string::npos);
  auto const report =
      conformance::check_blocks<Floor>([](float const* values, uint8_t* s, uint8_t* codes) {
        NaiveMxfp4{}(values, s, codes);
        if (values[31] == -6.0f)
          codes[31] ^= 1;
      });
  CHECK(report.other_scales == 0);
  CHECK(report.mismatches > 0);
  CAPTURE(report.text());
  CHECK(report.text().find("scale 0x7F (01111111): element 31, 0xC0C00000 (1.10000001.10000000000"
                           "000000000000): expected 0xF (1.11.1), got 0xE (1.11.0)") !=
        std::string::npos);
}

namespace {

/// NVFP4 in the order in which the profile Qfmt calculates, with one thing or another otherwise.
struct NaiveNvfp4 {
  int size = 16;
  bool inverse_tensor_scale = false;
  bool by_reciprocal = false;
  float up_to = 6.0f;  ///< the value on which the largest magnitude lands

  uint32_t scale_of(float amax, float encode_scale) const {
    uint32_t const scale = by_search<E4M3>(encode_scale * (amax / up_to));
    return scale == 0 ? 1 : scale;
  }
  void encode(float const* values, float encode_scale, uint32_t scale, uint8_t* codes) const {
    float const step = decode(Code<E4M3>{static_cast<uint8_t>(scale)}) / encode_scale;
    for (int i = 0; i < size; ++i)
      codes[i] = static_cast<uint8_t>(
          by_search<E2M1>(by_reciprocal ? values[i] * (1.0f / step) : values[i] / step));
  }
  float amax(float const* values) const {
    float largest = 0.0f;
    for (int i = 0; i < size; ++i) largest = std::fmax(largest, std::fabs(values[i]));
    return largest;
  }
  void operator()(float const* values, GlobalScale tensor, uint8_t* scale, uint8_t* codes) const {
    float const g = inverse_tensor_scale ? tensor.decode_scale() : tensor.encode_scale;
    *scale = static_cast<uint8_t>(scale_of(amax(values), g));
    encode(values, g, *scale, codes);
  }
};

/// Four over six with squared errors, in binary64.
struct NaiveFourOverSix : NaiveNvfp4 {
  bool always_six = false;
  void operator()(float const* values, GlobalScale tensor, uint8_t* scale, uint8_t* codes) const {
    float const g = tensor.encode_scale;
    double least = HUGE_VAL;
    for (float const factor : {1.0f, 1.5f}) {
      uint32_t const tried = scale_of(amax(values) * factor, g);
      std::array<uint8_t, 16> c{};
      encode(values, g, tried, c.data());
      double error = 0.0;
      for (std::size_t i = 0; i < 16; ++i) {
        float const step = decode(Code<E4M3>{static_cast<uint8_t>(tried)}) / g;
        auto const e =
            static_cast<double>(decode(Code<E2M1>{c[i]}) * step) - static_cast<double>(values[i]);
        error += e * e;
      }
      if (error >= least || (always_six && factor > 1.0f))
        continue;
      least = error;
      *scale = static_cast<uint8_t>(tried);
      std::copy(c.begin(), c.end(), codes);
    }
  }
};

}  // namespace

TEST_CASE("an NVFP4 quantizer gets the tensor's scale") {
  using namespace conformance;
  auto const good = check_blocks<NVFP4>(NaiveNvfp4{});
  CAPTURE(good.text());
  CHECK(good.mismatches == 0);
  auto const other = check_blocks<NVFP4>(NaiveNvfp4{.inverse_tensor_scale = true});
  CHECK(other.other_scales > 0);
  CHECK(other.text().find("tensor scale 0x") != std::string::npos);
  auto const multiplied = check_blocks<NVFP4>(NaiveNvfp4{.by_reciprocal = true});
  CHECK(multiplied.other_scales == 0);
  CHECK(multiplied.mismatches > 0);
}

TEST_CASE("squares of 16 x 16 share one scale") {
  auto const good = conformance::check_blocks<conformance::NVFP4Square>(NaiveNvfp4{.size = 256});
  CAPTURE(good.text());
  CHECK(good.mismatches == 0);
  CHECK(good.checked > 100);
  // Sixteen blocks instead: the scale of the first does not cover the rest.
  auto const rows = conformance::check_blocks<conformance::NVFP4Square>(
      [](float const* values, GlobalScale tensor, uint8_t* scale, uint8_t* codes) {
        for (int row = 15; row >= 0; --row)
          NaiveNvfp4{}(values + 16 * row, tensor, scale, codes + 16 * row);
      });
  CHECK(rows.mismatches > 20);
  CHECK(rows.text().find("NVFP4_16x16: ") == 0);
}

TEST_CASE("a quantizer that searches for its scale is compared with the search") {
  using conformance::check_blocks;
  using profile::Qfmt;
  auto const good = check_blocks<NVFP4, Qfmt, FourOverSix<>>(NaiveFourOverSix{});
  CAPTURE(good.text());
  CHECK(good.mismatches == 0);
  CHECK(good.checked > 50);
  CHECK(check_blocks<NVFP4, Qfmt, FourOverSix<>>(NaiveFourOverSix{{}, true}).other_scales > 5);
  CHECK(check_blocks<NVFP4, Qfmt, FourOverSix<TileError::magnitudes>>(NaiveFourOverSix{})
            .other_scales > 0);
  // The sweep never has another scale than four over six where that is the best there is.
  CHECK(check_blocks<NVFP4, Qfmt, ScaleSweep<>>(NaiveFourOverSix{}).other_scales > 5);
}

TEST_CASE("the tensor's scale leaves room for what a search may choose") {
  using conformance::tensor_scale;
  CHECK(tensor_scale<NVFP4>(2688.0f).encode_scale == 1.0f);
  using Search = FourOverSix<>;
  CHECK(tensor_scale<NVFP4, profile::Qfmt, float, Search>(1536.0f).encode_scale == 1.0f);
}
