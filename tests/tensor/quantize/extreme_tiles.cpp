// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Tiles at the edges: nothing, one element, the smallest and the largest numbers, one giant among
// dwarfs.

#include <cmath>
#include <doctest/doctest.h>
#include <initializer_list>
#include <limits>
#include <string>
#include <support/bits.hpp>
#include <support/laws/quantize_laws.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/quantize.hpp>

using namespace qfmt;
using namespace qfmt::test;
using laws::any_quantizer;
using laws::AnyQuantizer;

namespace {

constexpr float largest = std::numeric_limits<float>::max();
constexpr double fifth =
    0.2;  // the relative error of a float with one mantissa bit; the others are better

std::vector<AnyQuantizer> const& quantizers() {
  static std::vector<AnyQuantizer> const all{
      any_quantizer<QuantScheme<INT8, PerChannel>>(),
      any_quantizer<QuantScheme<INT4, PerGroup<32>>>(),
      any_quantizer<QuantScheme<INT4, PerGroup<32>, Asymmetric, Static<MinMax>>>(),
      any_quantizer<QuantScheme<E4M3, PerTensor>>(),
      any_quantizer<BlockScheme<NVFP4>>(),
      any_quantizer<BlockScheme<MXFP4>>(),
      any_quantizer<BlockScheme<MXFP8_E5M2>>(),
  };
  return all;
}

Matrix<float> row_of(std::initializer_list<float> values, index_t cols) {
  Matrix<float> row{{1, cols}};
  std::copy(values.begin(), values.end(), row.values.begin());
  return row;
}

}  // namespace

TEST_CASE("matrices without elements") {
  for (auto const& q : quantizers()) {
    INFO(q.name);
    for (Shape const shape : {Shape{0, 0}, Shape{0, 5}, Shape{5, 0}}) {
      auto const result = q(Matrix<float>{shape});
      CHECK(result.ok);
      CHECK(result.bytes.empty());
      CHECK(result.stored_scales.empty());
    }
  }
}

TEST_CASE("one element, of any size and sign, is kept to within the error of its format") {
  for (auto const& q : quantizers()) {
    INFO(q.name);
    for (float const x : {1.0f, -1.0f, 0.3f, -12345.678f, 1e-20f, -1e20f}) {
      auto const result = q(row_of({x}, 1));
      REQUIRE(result.ok);
      CHECK(result.values.size() == 1);
      double const error =
          std::fabs(static_cast<double>(result.values[0]) - static_cast<double>(x));
      CHECK(error <= fifth * std::fabs(static_cast<double>(x)));
    }
  }
}

TEST_CASE("the smallest numbers: the scale is a number, nothing grows or changes its sign") {
  for (auto const& q : quantizers()) {
    INFO(q.name);
    for (float const x : {0x1p-149f, -0x1p-149f, 0x1p-148f, 180 * 0x1p-149f, -0x1p-140f, 1e-41f,
                          -3e-39f, 0x1p-126f}) {
      auto const result = q(row_of({x, x / 2, -x / 4}, 32));
      REQUIRE(result.ok);
      CHECK(std::isfinite(result.scales[0]));
      CHECK(result.scales[0] > 0.0f);
      for (std::size_t i = 0; i < 3; ++i) {
        double const value = static_cast<double>(result.values[i]);
        auto const original = static_cast<double>(i == 0 ? x : i == 1 ? x / 2 : -x / 4);
        CHECK(value * original >= 0.0);
        CHECK(std::fabs(value) <= 2 * std::fabs(static_cast<double>(x)));
      }
    }
  }
}

TEST_CASE(
    "the largest numbers: the scale is a number, and so is every value that binary32 can hold") {
  for (auto const& q : quantizers()) {
    INFO(q.name);
    for (float const x : {largest, -largest, 0x1p127f, -0x1.8p127f, 0x1p126f}) {
      auto const result = q(row_of({x, x / 2, -x / 4}, 32));
      REQUIRE(result.ok);
      CHECK(std::isfinite(result.scales[0]));
      CHECK(std::fabs(static_cast<double>(result.values[1]) / static_cast<double>(x) - 0.5) <
            fifth);
      CHECK(std::fabs(static_cast<double>(result.values[2]) / static_cast<double>(x) + 0.25) <
            fifth);
      // The extreme itself may be rounded up to 2^128, which is infinity.
      if (std::isinf(result.values[0])) {
        CHECK(std::fabs(x) > 0x1.ep127f);
        CHECK((result.values[0] > 0.0f) == (x > 0.0f));
      } else {
        CHECK(std::fabs(static_cast<double>(result.values[0]) / static_cast<double>(x) - 1.0) <
              fifth);
      }
    }
  }
}

TEST_CASE("one giant among dwarfs: the dwarfs become zero, the giant stays") {
  for (auto const& q : quantizers()) {
    INFO(q.name);
    auto const result = q(row_of({1e-3f, 1e30f, -1e-3f}, 32));
    REQUIRE(result.ok);
    CHECK(result.values[0] == 0.0f);
    CHECK(result.values[2] == 0.0f);
    CHECK(std::fabs(static_cast<double>(result.values[1]) / 1e30 - 1.0) < fifth);
  }
}

TEST_CASE("a constant tile keeps its value to within a step") {
  for (auto const& q : quantizers()) {
    INFO(q.name);
    for (float const x : {3.0f, -0.1f}) {
      auto const result = q(Matrix<float>{{4, 32}, x});
      REQUIRE(result.ok);
      for (float const value : result.values)
        CHECK(std::fabs(static_cast<double>(value - x)) <=
              fifth * std::fabs(static_cast<double>(x)));
    }
  }
}

TEST_CASE("ragged rows: the last tile is fitted to what it holds") {
  // 35 columns: in the last tile of three elements the values are a thousand times smaller.
  Matrix<float> matrix{{3, 35}, 1.0f};
  for (index_t r = 0; r < 3; ++r) {
    for (index_t c = 32; c < 35; ++c) matrix(r, c) = 0.001f * static_cast<float>(c - 30);
  }
  for (auto const& q : {quantizers()[1], quantizers()[4], quantizers()[5], quantizers()[6]}) {
    INFO(q.name);
    auto const result = q(matrix);
    REQUIRE(result.ok);
    for (std::size_t i = 32; i < 35; ++i) {
      double const x = static_cast<double>(matrix.values[i]);
      CHECK(std::fabs(static_cast<double>(result.values[i]) - x) <= 0.25 * x);
    }
  }
}

TEST_CASE("zeros of both signs keep their sign in formats that have it") {
  for (auto const& q : quantizers()) {
    INFO(q.name);
    auto const result = q(row_of({1.0f, -0.0f, 0.0f}, 32));
    REQUIRE(result.ok);
    CHECK(test::bits_of(result.values[2]) == 0u);
    CHECK(test::bits_of(result.values[1]) == (q.is_float ? 0x80000000u : 0u));
  }
}
