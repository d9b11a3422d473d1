// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/oneshot/finished_layers.hpp>

#include "oneshot/residual_checkpoint.hpp"

using namespace qfmt;
using namespace qfmt::oneshot;

TEST_CASE("layers are taken once, as bytes, in the order in which they come") {
  samples::TemporaryFolder const folder;
  test::ResidualModel model;
  test::write_checkpoint(model, folder / "in");
  auto const checkpoint = io::Checkpoint::open(folder / "in");
  REQUIRE(checkpoint);
  auto const recipe = Recipe::parse(
      R"({"a_stage": {"a_modifiers": {"QuantizationModifier": {"scheme": "W4A16_G32"}}}})", "r");
  REQUIRE(recipe);
  auto selection = SchemeSelection::create(
      std::get<QuantizationRecipe>(recipe->stages[0].modifiers[0]), test::schemes());
  REQUIRE(selection);
  calibration::ModelRef const any{model};
  REQUIRE(selection->match(*checkpoint, any));
  auto const& scheme = selection->scheme("o_proj");
  std::vector<calibration::FinishedLayer> layers(2);
  for (std::size_t i = 0; i < 2; ++i) {
    auto quantized = scheme.found.round(*any.weight(1 - i), 0.0f, {}, {});
    REQUIRE(quantized);
    layers[i].quantized = *std::move(quantized);
    layers[i].report.layer = any.layers()[1 - i].name;
    layers[i].input.scale = 0.5f;
  }
  FinishedLayers finished;
  REQUIRE(finished.take(std::span{layers}.first(1), *selection));
  REQUIRE(finished.take(layers, *selection));
  REQUIRE(finished.layers().size() == 2);
  CHECK(finished.layers()[0].report.layer == "o_proj");
  CHECK(finished.find("v_proj") == &finished.layers()[1]);
  CHECK(finished.find("v_proj")->input.scale == 0.5f);
  CHECK(finished.find("v_proj")->bytes == *scheme.bytes(*layers[1].quantized.weight));
  CHECK(finished.find("up_proj") == nullptr);
}
