// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The signal to noise ratio of every scheme, from both sides: a result that is better than it can
// be is as wrong as one that is worse. Each row of the table is what was measured, within 0.05 dB,
// and it is explained: the extremes of a tile give its scale, by the rule that the row names, and
// the rest of the tile is the distribution between these extremes, so the expected noise is a sum
// of integrals over the cells of the levels (support/expected_noise.hpp).

#include <cmath>
#include <doctest/doctest.h>
#include <map>
#include <support/expected_noise.hpp>
#include <tensor/every_scheme.hpp>
#include <tensor/every_scheme/case_of.hpp>

using namespace qfmt;
using namespace qfmt::test;
using laws::AnyQuantizer;

namespace {

/// From the extremes of a tile, with zero between them, and the largest magnitude of the tensor.
struct Tile {
  double low, high, tensor_amax;
  [[nodiscard]] double amax() const { return std::fmax(-low, high); }
};
struct Fit {
  double scale, zero_point = 0.0;
};
using Levels = std::vector<double>;
using Rule = Fit (*)(Tile, Levels const&);

// The scale rules, written down once more in binary64.

Fit symmetric(Tile t, Levels const& l) {
  return {t.amax() / ((l.back() - l.front()) / 2)};
}
Fit asymmetric(Tile t, Levels const& l) {
  double const scale = (t.high - t.low) / (l.back() - l.front());
  return {scale, std::nearbyint(l.front() - t.low / scale)};
}
/// The smallest power of two that clips nothing.
Fit round_up(Tile t, Levels const& l) {
  return {std::exp2(std::ceil(std::log2(t.amax() / l.back())))};
}
/// The binade of the extreme becomes that of the largest level.
Fit floor_rule(Tile t, Levels const& l) {
  return {std::exp2(std::floor(std::log2(t.amax())) - std::floor(std::log2(l.back())))};
}
/// The same, after the extreme was rounded to one bit of mantissa.
Fit even(Tile t, Levels const& l) {
  double const exponent = std::floor(std::log2(t.amax()));
  return {std::exp2(exponent - std::floor(std::log2(l.back())) +
                    (t.amax() >= 1.75 * std::exp2(exponent) ? 1 : 0))};
}
/// The nearest number with three bits of mantissa, under a tensor scale that makes the largest 448.
Fit two_level(Tile t, Levels const& l) {
  double const unit = t.tensor_amax / (448 * l.back());
  double const ideal = t.amax() / l.back() / unit;
  double const step = std::exp2(std::fmax(std::floor(std::log2(ideal)), -6) - 3);
  return {std::fmax(std::nearbyint(ideal / step), 1) * step * unit};
}

struct Golden {
  Rule rule;
  double normal, student;  // dB
};

// clang-format off
std::map<std::string, Golden> const golden{
    // Rounding to integers costs scale^2 / 12 whatever the value, so SQNR is
    // 10 log10(12 x^2 (2^b - 1)^2 / (4 amax^2)): 6 dB for each bit, and less for heavier tails.
    {"W2A16 weights",           {symmetric, 5.20, 3.39}},
    {"W3A16 weights",           {symmetric, 12.51, 8.68}},
    {"W4A16 weights",           {symmetric, 19.11, 14.80}},
    {"W5A16 weights",           {symmetric, 25.43, 21.03}},
    {"W6A16 weights",           {symmetric, 31.59, 27.17}},
    {"W7A16 weights",           {symmetric, 37.69, 33.27}},
    {"W8A16 weights",           {symmetric, 43.74, 39.33}},
    {"W4A16_ASYM weights",      {asymmetric, 19.97, 16.77}},
    {"W8A8 weights",            {symmetric, 41.35, 32.09}},
    // Rounding to floats costs in proportion to the value: 12 * 4^M times the mean of the squared
    // mantissa, 31.5 dB for M = 3, 25.5 for M = 2, whatever the tails.
    {"FP8 weights",             {symmetric, 31.55, 31.53}},
    {"FP8_DYNAMIC weights",     {symmetric, 31.51, 31.66}},
    {"FP8_BLOCK weights",       {symmetric, 31.53, 31.61}},
    // With one bit of mantissa and few exponents, the place of the scale within its binade matters.
    {"NVFP4A16 weights",        {two_level, 20.43, 20.73}},
    {"MXFP4A16 weights",        {even, 19.05, 17.82}},
    {"MXFP6A16 weights",        {round_up, 30.95, 29.96}},
    {"MXFP8A16 weights",        {round_up, 31.51, 31.51}},
    {"W4A16_CHANNEL weights",   {symmetric, 16.75, 7.93}},
    {"FP8_E5M2A16 weights",     {symmetric, 25.60, 25.68}},
    {"MXFP6_E3M2A16 weights",   {round_up, 25.52, 25.55}},
    {"MXS1M3A16 weights",       {floor_rule, 17.57, 15.29}},
    {"W2A4 input",              {symmetric, 16.75, 7.93}},
    {"W2A8 input",              {symmetric, 41.35, 32.09}},
    {"FP8_DYNAMIC input",       {symmetric, 31.51, 31.66}},
    {"FP8_BLOCK input",         {symmetric, 31.81, 32.36}},
    {"NVFP4 input",             {two_level, 20.43, 20.73}},
    {"MXFP4 input",             {even, 19.05, 17.82}},
    {"MXFP6A8 input",           {round_up, 31.51, 31.51}},
    {"FP8_E5M2_DYNAMIC input",  {symmetric, 25.60, 25.68}},
    // Not of the presets.
    {"MXFP4, Floor",            {floor_rule, 18.82, 17.70}},
    {"MXFP4, RoundUp",          {round_up, 18.77, 17.15}},
    {"MXFP8_E4M3, Floor",       {floor_rule, 30.67, 29.85}},
    {"MXFP8_E5M2, Floor",       {floor_rule, 25.35, 25.18}},
    {"MXFP6_E2M3, Floor",       {floor_rule, 30.94, 30.03}},
    {"MXFP6_E3M2, Floor",       {floor_rule, 25.35, 25.18}},
    {"INT4, groups of 32",      {symmetric, 20.45, 17.84}},
    {"NF4, groups of 64",       {symmetric, 20.71, 19.10}},
    {"NF4, groups of 32",       {symmetric, 21.18, 20.38}},
};
// clang-format on

template <class F, index_t Size, class Policy>
SchemeCase other(char const* name) {
  return case_of<QuantScheme<F, PerGroup<Size>, Policy>>(name, true);
}

std::vector<SchemeCase> all_cases() {
  std::vector<SchemeCase> all = every_scheme();
  all.push_back(other<E2M1, 32, PowerOfTwo<mx::Floor>>("MXFP4, Floor"));
  all.push_back(other<E2M1, 32, PowerOfTwo<mx::RoundUp>>("MXFP4, RoundUp"));
  all.push_back(other<E4M3, 32, PowerOfTwo<mx::Floor>>("MXFP8_E4M3, Floor"));
  all.push_back(other<E5M2, 32, PowerOfTwo<mx::Floor>>("MXFP8_E5M2, Floor"));
  all.push_back(other<E2M3, 32, PowerOfTwo<mx::Floor>>("MXFP6_E2M3, Floor"));
  all.push_back(other<E3M2, 32, PowerOfTwo<mx::Floor>>("MXFP6_E3M2, Floor"));
  all.push_back(other<INT4, 32, Symmetric>("INT4, groups of 32"));
  all.push_back(other<NF4, 64, Symmetric>("NF4, groups of 64"));
  all.push_back(other<NF4, 32, Symmetric>("NF4, groups of 32"));
  return all;
}

/// Student's t, four degrees of freedom: a normal number over the root of a mean of four squares.
float student4(Samples& samples) {
  auto const normal = static_cast<double>(samples.normal());
  return static_cast<float>(
      normal * std::sqrt(2 / -std::log((1 - samples.uniform()) * (1 - samples.uniform()))));
}

struct Numbers {
  char const* name;
  Matrix<float> matrix;
  Moments (*moments)(double);
  double amax;

  Numbers(char const* n, Matrix<float> m, Moments (*d)(double))
      : name{n}, matrix{std::move(m)}, moments{d}, amax{0.0} {
    for (float const x : matrix.values) amax = std::fmax(amax, std::fabs(static_cast<double>(x)));
  }
};

Expected measure(AnyQuantizer const& quantize, Matrix<float> const& matrix) {
  auto const q = quantize(matrix);
  REQUIRE(q.ok);
  Expected sums;
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    auto const x = static_cast<double>(matrix.values[i]);
    double const error = static_cast<double>(q.values[i]) - x;
    sums.add({x * x, error * error});
  }
  return sums;
}

Expected expect_tile(SchemeCase const& s, Rule rule, Numbers const& numbers, index_t first_row,
                     index_t first_col, Shape size) {
  Tile tile{0.0, 0.0, numbers.amax};
  for (index_t r = first_row; r < first_row + size.rows; ++r) {
    for (index_t c = first_col; c < first_col + size.cols; ++c) {
      tile.low = std::fmin(tile.low, static_cast<double>(numbers.matrix(r, c)));
      tile.high = std::fmax(tile.high, static_cast<double>(numbers.matrix(r, c)));
    }
  }
  auto const [scale, zero_point] = rule(tile, s.levels);
  Levels levels = s.levels;
  for (double& level : levels) level -= zero_point;
  // One extreme is known, or both are.
  bool const both = rule == asymmetric;
  double const extreme = tile.high > -tile.low ? tile.high : tile.low;
  Expected sum = of_known(extreme, levels, scale);
  if (both)
    sum.add(of_known(tile.high + tile.low - extreme, levels, scale));
  double const a = tile.amax();
  sum.add(of_interval(numbers.moments, both ? tile.low : -a, both ? tile.high : a, levels, scale),
          static_cast<double>(size.size() - (both ? 2 : 1)));
  return sum;
}

Expected expect(SchemeCase const& s, Rule rule, Numbers const& numbers) {
  Shape const shape = numbers.matrix.shape;
  Shape const tile{s.quantize.tile_rows == 0 ? shape.rows : s.quantize.tile_rows,
                   s.quantize.tile_cols == 0 ? shape.cols : s.quantize.tile_cols};
  Expected sum;
  for (index_t r = 0; r < shape.rows; r += tile.rows) {
    for (index_t c = 0; c < shape.cols; c += tile.cols)
      sum.add(
          expect_tile(s, rule, numbers, r, c,
                      {std::min(tile.rows, shape.rows - r), std::min(tile.cols, shape.cols - c)}));
  }
  return sum;
}

}  // namespace

TEST_CASE("SQNR of every scheme: as measured before, and as it has to be") {
  Samples samples{1};
  Shape const shape{64, 4096};
  std::vector<Numbers> const all_numbers{
      {"normal", normal_matrix(shape, 1), &normal_moments},
      {"Student t4", matrix_of<float>(shape, [&] { return student4(samples); }),
       &student4_moments}};
  for (SchemeCase const& s : all_cases()) {
    INFO(s.name);
    auto const row = golden.find(s.name);
    REQUIRE(row != golden.end());
    for (Numbers const& numbers : all_numbers) {
      bool const is_normal = &numbers == all_numbers.data();
      double const found = measure(s.quantize, numbers.matrix).sqnr_db();
      double const theory = expect(s, row->second.rule, numbers).sqnr_db();
      INFO(std::string{numbers.name} << ": " << found << " dB, theory " << theory << " dB");
      CHECK(std::fabs(found - (is_normal ? row->second.normal : row->second.student)) < 0.05);
      CHECK(std::fabs(found - theory) < 0.05);
    }
  }
  CHECK(golden.size() == all_cases().size());
}

TEST_CASE("a scale by another rule would be noticed: the theory tells the rules apart") {
  Numbers const numbers{"normal", normal_matrix({16, 4096}, 1), &normal_moments};
  for (SchemeCase const& s : every_scheme()) {
    if (s.name != "MXFP4A16 weights" && s.name != "MXFP8A16 weights")
      continue;
    INFO(s.name);
    double const found = measure(s.quantize, numbers.matrix).sqnr_db();
    CHECK(std::fabs(found - expect(s, golden.at(s.name).rule, numbers).sqnr_db()) < 0.1);
    CHECK(std::fabs(found - expect(s, floor_rule, numbers).sqnr_db()) > 0.15);
  }
}
