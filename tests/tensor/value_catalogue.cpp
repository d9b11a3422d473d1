// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Values that go wrong elsewhere, under every scheme of the presets: refused with their place, or
// defined and written down, never a crash and never a wrong number in silence. What is wrong with
// parameters is in value_catalogue_parameters.cpp, what a file may hold in tests/io.

#include <cmath>
#include <doctest/doctest.h>
#include <initializer_list>
#include <limits>
#include <string>
#include <support/bits.hpp>
#include <tensor/every_scheme.hpp>

using namespace qfmt;
using namespace qfmt::test;
using laws::Quantized;

namespace {

constexpr float largest = std::numeric_limits<float>::max();
constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float quiet = std::numeric_limits<float>::quiet_NaN();

/// How far one value alone, or the extreme of a tile, may be off: half a step next to the largest
/// code. Float formats are clipped, or have one bit of mantissa: 1/5. The positive extreme of b
/// bits lies half a step above the largest of 2^b codes. S1M3 is under the rule that clips most.
double extreme_error(SchemeCase const& s) {
  if (s.levels.size() == 4)  // INT2: 1.5 steps become 1 or 2
    return 1.0 / 3 + 1e-6;
  bool const is_codebook = !s.quantize.is_float && s.quantize.absolute_error == 0.0;
  return is_codebook ? 0.25 : 0.2;
}

bool near(float value, double expected, double relative) {
  return std::fabs(static_cast<double>(value) - expected) <= relative * std::fabs(expected);
}

Matrix<float> row_of(std::initializer_list<float> values, index_t cols) {
  Matrix<float> row{{1, cols}};
  std::copy(values.begin(), values.end(), row.values.begin());
  return row;
}

template <class Check>
void for_every_scheme(Check&& check) {
  CHECK(every_scheme().size() > 25);
  for (SchemeCase const& s : every_scheme()) {
    INFO(s.name);
    check(s);
  }
}

/// Whether the scales are positive numbers.
bool sound_scales(Quantized const& q) {
  bool sound = q.ok;
  for (float const scale : q.scales) sound = sound && std::isfinite(scale) && scale > 0.0f;
  return sound;
}

}  // namespace

TEST_CASE("values 1 to 3: NaN and infinity are refused, with the first place and their number") {
  for_every_scheme([](SchemeCase const& s) {
    for (auto const& [x, text] : {std::pair{quiet, "NaN"}, std::pair{-quiet, "NaN"},
                                  std::pair{inf, "+Inf"}, std::pair{-inf, "-Inf"}}) {
      Matrix<float> matrix = normal_matrix({5, 160}, 81);
      matrix(3, 129) = x;
      matrix(4, 0) = quiet;
      auto const refused = s.quantize(matrix);
      CHECK_FALSE(refused.ok);
      CHECK(refused.error ==
            std::string{s.is_weight ? "nonfinite_weight: " : "nonfinite_activation: "} +
                (s.is_local ? "batch 0: " : "") + "row 3, column 129: got " + text +
                ", expected a finite value; not finite: 2 of 800");
    }
    for (auto const& [row, col] : {std::pair{0, 0}, std::pair{0, 39}, std::pair{4, 39}}) {
      Matrix<float> matrix = normal_matrix({5, 40}, 84);
      matrix(row, col) = quiet;
      CHECK(s.quantize(matrix).error.find("row " + std::to_string(row) + ", column " +
                                          std::to_string(col) + ": got NaN") != std::string::npos);
    }
  });
}

TEST_CASE("value 4: a tile of zeros has codes of zero under a documented scale") {
  for_every_scheme([](SchemeCase const& s) {
    // Every tile of row 0 is zero if tiles lie along rows; two-level scales are those of row 1.
    index_t const zero_rows = s.quantize.tile_rows == 0 ? 0 : s.quantize.tile_rows;
    Matrix<float> matrix{{zero_rows + 1, 256}};
    for (index_t c = 0; c < 256; ++c) matrix(zero_rows, c) = 1.0f;
    auto const q = s.quantize(matrix);
    REQUIRE(q.ok);
    CHECK(sound_scales(q));
    for (std::size_t i = 0; i < static_cast<std::size_t>(256 * zero_rows); ++i)
      CHECK(bits_of(q.values[i]) == 0u);
    if (zero_rows == 0)
      return;
    if (!q.zero_points.empty())
      CHECK(q.zero_points.front() == 0);
    // The smallest block scale, the smallest power of two, or 1.
    std::uint32_t const stored = q.stored_scales.front();
    if (s.quantize.tile_cols == 16) {
      CHECK(stored == 0x01u);
    } else if (s.quantize.tile_cols == 32) {
      CHECK(stored == 0x00u);
    } else {
      CHECK(stored == 0x3F800000u);
    }
  });
}

TEST_CASE("value 5: a tensor of zeros") {
  for_every_scheme([](SchemeCase const& s) {
    for (Shape const shape : {Shape{1, 1}, Shape{3, 256}, Shape{200, 7}}) {
      auto const q = s.quantize(Matrix<float>{shape});
      CHECK(sound_scales(q));
      CHECK(q.encode_scale == 1.0f);  // not 0 / 0
      for (float const value : q.values) CHECK(bits_of(value) == 0u);
      for (int const zero_point : q.zero_points) CHECK(zero_point == 0);
    }
  });
}

TEST_CASE("value 6: the smallest numbers: nothing grows, changes its sign or becomes a NaN") {
  for_every_scheme([](SchemeCase const& s) {
    for (float const x : {0x1p-149f, -0x1p-149f, 0x1p-148f, 180 * 0x1p-149f, -0x1p-140f, 1e-41f,
                          -3e-39f, 0x1p-126f}) {
      auto const q = s.quantize(row_of({x, x / 2, -x / 4}, 32));
      REQUIRE(q.ok);
      CHECK(sound_scales(q));
      for (std::size_t i = 0; i < 3; ++i) {
        auto const value = static_cast<double>(q.values[i]);
        auto const original = static_cast<double>(i == 0 ? x : i == 1 ? x / 2 : -x / 4);
        CHECK(value * original >= 0.0);
        CHECK(std::fabs(value) <= 2 * std::fabs(static_cast<double>(x)));
      }
    }
  });
}

TEST_CASE("value 8: the largest numbers: the scale is a number, so is what binary32 can hold") {
  for_every_scheme([](SchemeCase const& s) {
    double const error = extreme_error(s);
    for (float const x : {largest, -largest, 0x1p127f, -0x1.8p127f, 0x1p126f}) {
      auto const q = s.quantize(row_of({x, x / 2, -x / 4}, 32));
      REQUIRE(q.ok);
      CHECK(sound_scales(q));
      // The extreme itself may be rounded up to 2^128, which is infinity.
      if (std::isinf(q.values[0])) {
        CHECK(std::fabs(x) > 0x1.7p127f);
        CHECK((q.values[0] > 0.0f) == (x > 0.0f));
      } else {
        CHECK(near(q.values[0], static_cast<double>(x), error));
      }
      if (s.levels.size() > 4) {
        CHECK(near(q.values[1], static_cast<double>(x) / 2, error));
        CHECK(near(q.values[2], static_cast<double>(x) / -4, s.levels.size() > 8 ? error : 0.5));
      }
    }
  });
}

TEST_CASE("value 10: one giant among dwarfs: the dwarfs become zero, the giant stays") {
  for_every_scheme([](SchemeCase const& s) {
    auto const q = s.quantize(row_of({1e-3f, 1e30f, -1e-3f}, 32));
    REQUIRE(q.ok);
    CHECK(q.values[0] == 0.0f);
    CHECK(q.values[2] == 0.0f);
    CHECK(near(q.values[1], 1e30, extreme_error(s)));
  });
}

TEST_CASE("value 11: zeros keep their sign in float formats, and have none in the others") {
  for_every_scheme([](SchemeCase const& s) {
    auto const q = s.quantize(row_of({1.0f, -0.0f, 0.0f}, 32));
    REQUIRE(q.ok);
    CHECK(bits_of(q.values[1]) == (s.quantize.is_float ? 0x80000000u : 0u));
    CHECK(bits_of(q.values[2]) == 0u);
    auto const only = s.quantize(Matrix<float>{{2, 32}, -0.0f});
    REQUIRE(only.ok);
    for (float const value : only.values)
      CHECK(bits_of(value) == (s.quantize.is_float ? 0x80000000u : 0u));
  });
}

TEST_CASE("value 22: a constant tile keeps its value, under a positive scale") {
  for_every_scheme([](SchemeCase const& s) {
    for (float const x : {3.0f, -0.1f, 1.0f}) {
      auto const q = s.quantize(Matrix<float>{{4, 32}, x});
      CHECK(sound_scales(q));
      for (std::size_t i = 0; i < q.values.size(); ++i) {
        CHECK(near(q.values[i], static_cast<double>(x), extreme_error(s)));
        if (!q.zero_points.empty())
          CHECK(std::fabs(q.values[i] - x) <= q.scales[i] / 2);
      }
    }
  });
}

TEST_CASE("one element, of any size and sign") {
  for_every_scheme([](SchemeCase const& s) {
    for (float const x : {1.0f, -1.0f, 0.3f, -12345.678f, 1e-20f, -1e20f}) {
      auto const q = s.quantize(row_of({x}, 1));
      REQUIRE(q.ok);
      CHECK(q.values.size() == 1);
      CHECK(near(q.values[0], static_cast<double>(x), extreme_error(s)));
    }
  });
}

TEST_CASE("matrices without elements") {
  for_every_scheme([](SchemeCase const& s) {
    if (s.is_local)  // has nothing to calibrate on
      return;
    for (Shape const shape : {Shape{0, 0}, Shape{0, 5}, Shape{5, 0}}) {
      auto const q = s.quantize(Matrix<float>{shape});
      CHECK(q.ok);
      CHECK(q.bytes.empty());
      CHECK(q.stored_scales.empty());
    }
  });
}

TEST_CASE("ragged rows: the last tile is fitted to what it holds") {
  // 131 columns: in the last tile of three elements the values are a thousand times smaller.
  Matrix<float> matrix{{3, 131}, 1.0f};
  for (index_t r = 0; r < 3; ++r) {
    for (index_t c = 128; c < 131; ++c) matrix(r, c) = 0.001f * static_cast<float>(c - 126);
  }
  int groups = 0;
  for_every_scheme([&](SchemeCase const& s) {
    if (s.quantize.tile_cols == 0 || s.levels.size() < 16)
      return;
    ++groups;
    auto const q = s.quantize(matrix);
    REQUIRE(q.ok);
    for (std::size_t i = 128; i < 131; ++i)
      CHECK(near(q.values[i], static_cast<double>(matrix.values[i]), 0.25));
  });
  CHECK(groups > 10);
}
