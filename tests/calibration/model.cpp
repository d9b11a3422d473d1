// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include "calibration/mlp_model.hpp"

using namespace qfmt;
using namespace qfmt::calibration;
using test::MlpModel;

static_assert(!CalibrationModel<int>);

TEST_CASE("a model behind a reference is that model") {
  MlpModel model;
  ModelRef const any{model};
  REQUIRE(any.layers().size() == 6);
  CHECK(any.subgraphs() == 2);
  CHECK(any.layers()[5].name == "blocks.1.down_proj");
  CHECK(any.layers()[0].input == any.layers()[1].input);
  CHECK(any.layers()[0].input != any.layers()[2].input);

  auto weight = any.weight(3);
  REQUIRE(weight);
  CHECK(weight->shape == Shape{96, 64});
  std::get<0>(weight->values)[7] = 42.0f;
  REQUIRE(any.set_weight(3, *weight));
  CHECK(std::get<0>(model.weight(3)->values)[7] == 42.0f);
}

TEST_CASE("changes are noted in their order, by all copies of a reference") {
  MlpModel model;
  ModelRef const any{model};
  ModelRef const same = any;
  CHECK(any.change_count() == 0);
  REQUIRE(any.set_weight(1, *any.weight(1)));
  REQUIRE(same.set_weight(0, *any.weight(0)));
  REQUIRE(any.set_weight(1, *any.weight(1)));
  CHECK(any.change_count() == 3);
  CHECK(same.changes() == std::map<std::string, uint64_t>{{"blocks.0.gate_proj.weight", 2},
                                                          {"blocks.0.up_proj.weight", 3}});
}

TEST_CASE("the hook sees each input once, in the order of the model") {
  MlpModel model;
  std::vector<std::size_t> inputs;
  auto const batch = MlpModel::batch(5, 1);
  auto const outputs = ModelRef{model}.forward(
      1, batch.inputs, [&](std::size_t input, MatrixView<float const> x) -> Result<void> {
        inputs.push_back(input);
        CHECK(x.shape.rows == 5);
        return {};
      });
  REQUIRE(outputs);
  CHECK(inputs == std::vector<std::size_t>{2, 3});
  CHECK(outputs->at("x")->shape == Shape{5, 64});
}

TEST_CASE("an error of the hook is the model's") {
  MlpModel model;
  auto const outputs = ModelRef{model}.forward(
      0, MlpModel::batch(1, 1).inputs, [](std::size_t, MatrixView<float const>) -> Result<void> {
        return Error{Status::nonfinite_activation, "here"};
      });
  CHECK(outputs.status() == Status::nonfinite_activation);
}

TEST_CASE("a weight is visited as what it is") {
  Weight const weight{{1, 2}, std::vector<Code<BF16>>{encode<BF16>(1.5f), encode<BF16>(-2.0f)}};
  float const sum = weight.visit([](auto view) {
    CHECK(sizeof(view(0, 0)) == 2);
    return to_float(view(0, 0)) + to_float(view(0, 1));
  });
  CHECK(sum == -0.5f);
}
