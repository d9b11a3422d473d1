// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <support/executors.hpp>

#include "correlated.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// The largest relative deviation from sums in binary64; `token` says which tokens count.
template <class Kept>
double deviation(Hessian const& hessian, Matrix<float> const& inputs, Kept const& kept) {
  double worst = 0.0;
  auto const x = inputs.view();
  for (index_t i = 0; i < hessian.columns(); ++i) {
    for (index_t j = 0; j < hessian.columns(); ++j) {
      double sum = 0.0;
      double size = 0.0;
      for (index_t t = 0; t < inputs.shape.rows; ++t) {
        double const product = static_cast<double>(x(t, i)) * static_cast<double>(x(t, j));
        sum += kept(t) ? product : 0.0;
        size += std::abs(product);
      }
      double const found = static_cast<double>(hessian.sums()(i, j));
      worst = std::max(worst, std::abs(found - sum) / size);
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("sums of x x^T over odd shapes; exact for small integers") {
  for (Shape const shape : {Shape{1, 1}, Shape{1, 70}, Shape{300, 67}, Shape{513, 64}}) {
    auto const inputs = correlated_inputs(shape.rows, shape.cols);
    CHECK(deviation(hessian_of(inputs), inputs, [](index_t) { return true; }) < 1e-6);
  }
  auto integers = correlated_inputs(600, 65);
  for (float& x : integers.values) x = std::round(x);
  CHECK(deviation(hessian_of(integers), integers, [](index_t) { return true; }) == 0.0);
  // A control: one token more is seen.
  CHECK(deviation(hessian_of(integers), integers, [](index_t t) { return t != 9; }) > 1e-4);
}

TEST_CASE("H is 2/n of the sum, n the sequences; counts are exact") {
  auto const inputs = correlated_inputs(10, 3);
  Hessian hessian{3};
  CHECK(hessian.scale() == 0.0f);
  REQUIRE(hessian.observe<float>(inputs.view()));
  REQUIRE(hessian.observe<float>(inputs.view(), {}, Serial{}, 3));
  CHECK(hessian.sequences() == 4);
  CHECK(hessian.tokens() == 20);
  CHECK(hessian.batches() == 2);
  CHECK(hessian(2, 1) == hessian.sums()(2, 1) * 0.5f);
  CHECK(hessian(1, 2) == hessian(2, 1));
}

TEST_CASE("padding is left out, whatever it holds") {
  auto inputs = correlated_inputs(40, 66);
  std::vector<std::uint8_t> kept(40, 1);
  for (std::size_t t = 30; t < 40; ++t) kept[t] = 0;
  inputs.values[39 * 66] = std::numeric_limits<float>::quiet_NaN();
  Hessian masked{66};
  REQUIRE(masked.observe<float>(inputs.view(), kept));
  Hessian shorter{66};
  REQUIRE(shorter.observe<float>(MatrixView<float const>{inputs.values.data(), {30, 66}}));
  CHECK(masked.sums() == shorter.sums());
  CHECK(masked.tokens() == 30);
  // Nothing but padding: no sequence.
  Hessian none{66};
  std::vector<std::uint8_t> const nothing(40, 0);
  REQUIRE(none.observe<float>(inputs.view(), nothing));
  CHECK(none.tokens() == 0);
  CHECK(none.sequences() == 0);
}

TEST_CASE("a NaN or infinity is named with its batch, and leaves nothing behind") {
  auto const good = correlated_inputs(5, 4);
  auto bad = good;
  bad.values[3 * 4 + 2] = std::numeric_limits<float>::quiet_NaN();
  Hessian hessian{4};
  REQUIRE(hessian.observe<float>(good.view()));
  auto const before = hessian.sums();
  auto const found = hessian.observe<float>(bad.view());
  REQUIRE_FALSE(found);
  CHECK(found.error().to_string() ==
        "nonfinite_activation: batch 1: row 3, column 2: got NaN, expected a finite value");
  CHECK(hessian.sums() == before);
  CHECK(hessian.tokens() == 5);
  bad.values[3 * 4 + 2] = -std::numeric_limits<float>::infinity();
  CHECK(hessian.observe<float>(bad.view())
            .error()
            .message.find("batch 2: row 3, column 2: got -Inf") == 0);
  CHECK(hessian.observe<float>(correlated_inputs(5, 3).view()).status() == Status::shape_mismatch);
  std::vector<std::uint8_t> const mask(4, 1);
  CHECK(hessian.observe<float>(good.view(), mask).status() == Status::shape_mismatch);
  CHECK(hessian.observe<float>(MatrixView<float const>{nullptr, {2, 4}}).status() ==
        Status::null_pointer);
}

TEST_CASE("merge adds sums and counts") {
  auto const inputs = correlated_inputs(20, 70);
  Hessian first = hessian_of(inputs);
  Hessian const second = hessian_of(correlated_inputs(30, 70, 9));
  Hessian both = first;
  REQUIRE(both.observe<float>(correlated_inputs(30, 70, 9).view()));
  REQUIRE(first.merge(second));
  CHECK(first.sums() == both.sums());
  CHECK(first.tokens() == 50);
  CHECK(first.sequences() == 2);
  CHECK(first.merge(Hessian{3}).status() == Status::shape_mismatch);
}

TEST_CASE("the same bits for every executor and instruction set, and for 16-bit inputs") {
  auto const inputs = correlated_inputs(530, 140);
  auto const expected = hessian_of(inputs).sums();
  auto const check = [&](auto&& executor, Isa isa) {
    Hessian hessian{140};
    REQUIRE(hessian.observe<float>(inputs.view(), {}, executor, 1, isa));
    CHECK(hessian.sums() == expected);
  };
  for (int level = 0; level <= static_cast<int>(detected_isa()); ++level)
    check(Serial{}, static_cast<Isa>(level));
  check(Reversed{}, selected_isa());
  for (int const threads : {1, 2, 5}) check(Threads{threads}, selected_isa());

  Matrix<Code<BF16>> narrow{inputs.shape};
  Matrix<float> wide{inputs.shape};
  for (std::size_t i = 0; i < inputs.values.size(); ++i) {
    narrow.values[i] = from_float<Code<BF16>>(inputs.values[i]);
    wide.values[i] = to_float(narrow.values[i]);
  }
  Hessian hessian{140};
  REQUIRE(hessian.observe<Code<BF16>>(narrow.view()));
  CHECK(hessian.sums() == hessian_of(wide).sums());
}

TEST_CASE("from takes the lower triangle of a given H") {
  std::vector<float> const h{4.0f, 99.0f, 1.0f, 6.0f};
  auto const hessian = Hessian::from(MatrixView<float const>{h.data(), {2, 2}}, 7);
  CHECK(hessian(0, 0) == 4.0f);
  CHECK(hessian(0, 1) == 1.0f);
  CHECK(hessian(1, 1) == 6.0f);
  CHECK(hessian.tokens() == 7);
}
