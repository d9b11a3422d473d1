// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/calibration/input_statistics.hpp>

#include "calibration/erased_schemes.hpp"

using namespace qfmt;
using namespace qfmt::calibration;

namespace {

Result<void> observe(InputStatistics& statistics, std::vector<float> const& x,
                     std::vector<uint8_t> const& kept = {}, std::size_t input = 3) {
  auto const rows = static_cast<index_t>(x.size() / 2);
  return statistics.observe({input, {x.data(), {rows, 2}}, kept, 1});
}

}  // namespace

TEST_CASE("schemes that ask nothing need no data") {
  InputStatistics statistics;
  statistics.watch(3, 2, test::w4);
  CHECK(statistics.empty());
  CHECK(observe(statistics, {__builtin_nanf(""), 1.0f}));
  CHECK(statistics.parameters(3, test::w4).operator*() == InputParameters{});
  CHECK(statistics.importance(3, test::w4)->is_uniform());
  statistics.watch(3, 2, test::fp8);
  CHECK(!statistics.empty());
}

TEST_CASE("what each scheme asks of an input, of the tokens that count") {
  InputStatistics statistics;
  statistics.watch(3, 2, test::nvfp4);
  statistics.watch(3, 2, test::fp8);
  statistics.watch(3, 2, test::nvfp4_imatrix);
  REQUIRE(observe(statistics, {9, 9, 1, -4, 9, 9, 2, 2}, {0, 1, 0, 1}));
  REQUIRE(observe(statistics, {0, 1}));
  REQUIRE(observe(statistics, {100, 100}, {}, 4));  // nobody asks
  CHECK(statistics.parameters(3, test::nvfp4)->global_scale == 2688.0f / 4.0f);
  CHECK(statistics.parameters(3, test::nvfp4)->global_scale == 2688.0f / 4.0f);  // again
  CHECK(statistics.parameters(3, test::fp8)->scale == doctest::Approx(4.0 / 448.0));
  auto const importance = statistics.importance(3, test::nvfp4_imatrix);
  REQUIRE(importance);
  // Squares are 5 and 21 in all.
  CHECK(importance->weights()[0] == doctest::Approx(10.0 / 26.0));
  CHECK(importance->weights()[1] == doctest::Approx(42.0 / 26.0));
}

TEST_CASE("an input that no token has reached has parameters of 1, and no importance") {
  InputStatistics statistics;
  for (ErasedScheme const* const scheme : {&test::fp8, &test::nvfp4, &test::nvfp4_imatrix})
    statistics.watch(3, 2, *scheme);
  REQUIRE(observe(statistics, {1, 2}, {0}));
  CHECK(statistics.parameters(3, test::fp8).operator*() == InputParameters{1.0f, {}});
  CHECK(statistics.parameters(3, test::nvfp4).operator*() == InputParameters{{}, 1.0f});
  CHECK(statistics.importance(3, test::nvfp4_imatrix)->is_uniform());
}

TEST_CASE("inputs that cannot be used") {
  InputStatistics statistics;
  statistics.watch(3, 2, test::fp8);
  CHECK(observe(statistics, {1, 2}, {1, 1}).status() == Status::shape_mismatch);
  CHECK(observe(statistics, {1, __builtin_inff()}).status() == Status::nonfinite_activation);
}
