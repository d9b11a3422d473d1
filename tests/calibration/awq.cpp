// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>

#include <qfmt/calibration/awq.hpp>
#include <qfmt/tensor/presets.hpp>

#include "correlated.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

using W4 = QuantScheme<INT4, PerGroup<32>>;

/// Mean squared difference of X w^T with a candidate's weight.
struct OutputLoss {
  Matrix<float> const& inputs;
  Matrix<float> const& weight;

  double operator()(std::span<double const> scales) const {
    Matrix<float> quantized{weight.shape};
    REQUIRE(awq_weight<W4, float>(weight.view(), scales, quantized.view()));
    double sum = 0.0;
    for (index_t t = 0; t < inputs.shape.rows; ++t) {
      for (index_t r = 0; r < weight.shape.rows; ++r) {
        double error = 0.0;
        for (index_t c = 0; c < weight.shape.cols; ++c)
          error += static_cast<double>(inputs(t, c)) *
                   (static_cast<double>(quantized(r, c)) - static_cast<double>(weight(r, c)));
        sum += error * error;
      }
    }
    return sum / static_cast<double>(inputs.shape.rows * weight.shape.rows);
  }
};

struct Case {
  Matrix<float> inputs = correlated_inputs(64, 96);
  Matrix<float> weight = random_weight({16, 96});
  std::vector<float> x;
  std::vector<double> w;

  Case() {
    for (index_t t = 0; t < 64; ++t) {
      for (index_t c = 0; c < 96; c += 12) inputs(t, c) *= 30.0f;
    }
    InputMagnitude input{96};
    REQUIRE(input.observe<float>(inputs.view()));
    WeightMagnitude magnitude{96};
    REQUIRE(magnitude.add<W4, float>(weight.view()));
    x = input.means();
    w = magnitude.means();
  }
};

}  // namespace

TEST_CASE("the grid: 20 candidates, the identity first") {
  auto const yes = awq_candidates({});
  CHECK(yes.size() == 20);
  CHECK(yes[0] == AwqCandidate{0.0, false});
  CHECK(yes[1] == AwqCandidate{0.0, true});
  CHECK(yes[2] == AwqCandidate{1.0 / 18.0, true});
  CHECK(yes.back() == AwqCandidate{1.0, true});
  auto const no = awq_candidates({DuoScaling::no, 20});
  CHECK(no.size() == 20);
  CHECK(no[0] == AwqCandidate{});
  CHECK(no[1] == AwqCandidate{1.0 / 19.0, false});
  auto const both = awq_candidates({DuoScaling::both, 20});
  CHECK(both.size() == 20);
  CHECK(both[0] == AwqCandidate{});
  CHECK(both[1] == AwqCandidate{0.0, true});
  CHECK(both[3] == AwqCandidate{1.0 / 9.0, true});
}

TEST_CASE("scales by hand") {
  std::vector<float> const x{1.0f, 4.0f};
  std::vector<double> const w{0.25, 1.0};
  auto const plain = awq_scales(x, w, {0.5, false});
  CHECK(plain[0] == doctest::Approx(1.0 / std::sqrt(2.0)));
  CHECK(plain[1] == doctest::Approx(2.0 / std::sqrt(2.0)));
  auto const duo = awq_scales(x, w, {0.5, true});
  double const a = 1.0 / (0.5 + 1e-4);
  double const b = 2.0 / (1.0 + 1e-4);
  CHECK(duo[0] == doctest::Approx(a / std::sqrt(a * b)));
  CHECK(duo[1] == doctest::Approx(b / std::sqrt(a * b)));
  CHECK(awq_scales(x, w, {}) == std::vector<double>{1.0, 1.0});
  // A column without input is kept away from zero.
  CHECK(awq_scales(std::vector<float>{0.0f, 1.0f}, w, {1.0, false})[0] == doctest::Approx(0.01));
}

TEST_CASE("layers that share a tensor part are quantized with that of the larger one") {
  using S = BlockScheme<NVFP4>;
  auto const small = random_weight({4, 32}, 5);
  auto large = random_weight({4, 32}, 6);
  for (float& x : large.values) x *= 8.0f;
  std::vector<double> scales(32, 1.0);
  scales[3] = 50.0;
  MatrixView<float const> const both[] = {small.view(), large.view()};
  auto const shared = awq_shared_global<S, float>(both, scales);
  auto scaled = large;
  REQUIRE(multiply_columns<float>(scaled.view(), scales));
  CHECK(shared == fit_global<S, float>(MatrixView<float const>{scaled.view()}));
  Matrix<float> with_shared{small.shape};
  Matrix<float> alone{small.shape};
  REQUIRE(awq_weight<S, float>(small.view(), scales, with_shared.view(), shared));
  REQUIRE(awq_weight<S, float>(small.view(), scales, alone.view()));
  CHECK(with_shared.values != alone.values);
  auto expected = small;
  REQUIRE(multiply_columns<float>(expected.view(), scales));
  auto const quantized = quantize_with<S, float>(MatrixView<float const>{expected.view()}, shared);
  REQUIRE(quantized);
  for (index_t c = 0; c < 32; ++c)
    CHECK(with_shared(2, c) == static_cast<float>(static_cast<double>(quantized->view()(2, c)) /
                                                  scales[static_cast<std::size_t>(c)]));
}

TEST_CASE("where few inputs are large, scaling helps; a candidate is worth what it says") {
  Case const c;
  OutputLoss const loss{c.inputs, c.weight};
  for (DuoScaling const duo : {DuoScaling::no, DuoScaling::yes, DuoScaling::both}) {
    auto const choice = awq_search(c.x, c.w, {duo, 20}, loss);
    REQUIRE(choice);
    CHECK(choice->loss < 0.8 * choice->identity_loss);
    CHECK(choice->loss == loss(choice->scales));
    CHECK(choice->identity_loss == loss(std::vector<double>(96, 1.0)));
    CHECK(choice->rejected == 0);
    CHECK(choice->scales == awq_scales(c.x, c.w, choice->candidate));
  }
}

TEST_CASE("the identity wins ties; what is not finite never wins") {
  Case const c;
  auto const flat = awq_search(c.x, c.w, {}, [](std::span<double const>) { return 1.0; });
  REQUIRE(flat);
  CHECK(flat->candidate == AwqCandidate{});
  CHECK(flat->scales == std::vector<double>(96, 1.0));

  int calls = 0;
  double const nan = std::numeric_limits<double>::quiet_NaN();
  auto const third =
      awq_search(c.x, c.w, {}, [&](std::span<double const>) { return ++calls == 3 ? 5.0 : nan; });
  REQUIRE(third);
  CHECK(third->candidate == awq_candidates({})[2]);
  CHECK(third->rejected == 19);
  CHECK(awq_search(c.x, c.w, {}, [&](std::span<double const>) { return nan; }).status() ==
        Status::invalid_argument);
}

TEST_CASE("what cannot be done is named") {
  Case const c;
  auto const one = [](std::span<double const>) { return 1.0; };
  std::vector<float> const zeros(96, 0.0f);
  CHECK(awq_search(zeros, c.w, {}, one).status() == Status::calibration_empty);
  CHECK(awq_search(std::vector<float>(3, 1.0f), c.w, {}, one).status() == Status::shape_mismatch);
  CHECK(awq_search(c.x, c.w, {DuoScaling::yes, 3}, one).status() == Status::invalid_argument);
  auto bad = c.x;
  bad[4] = std::numeric_limits<float>::infinity();
  CHECK(awq_search(bad, c.w, {}, one).status() == Status::nonfinite_activation);
  auto bad_weight = c.w;
  bad_weight[4] = std::numeric_limits<double>::quiet_NaN();
  CHECK(awq_search(c.x, bad_weight, {}, one).status() == Status::nonfinite_weight);
  Matrix<float> out{{2, 2}};
  CHECK(awq_weight<W4, float>(c.weight.view(), std::vector<double>(96, 1.0), out.view()).status() ==
        Status::shape_mismatch);
}
