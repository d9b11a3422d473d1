// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/oneshot/scheme_selection.hpp>

#include "oneshot/residual_checkpoint.hpp"

using namespace qfmt;
using namespace qfmt::oneshot;

namespace {

/// The scheme of every layer of the transformable model, "-" for none; or the name of an error.
std::string chosen(std::string const& fields, bool other_model = false) {
  samples::TemporaryFolder const folder;
  test::ResidualModel model;
  test::MlpModel other;
  test::write_checkpoint(model, folder / "in");
  auto const checkpoint = io::Checkpoint::open(folder / "in");
  REQUIRE(checkpoint);
  auto const recipe = Recipe::parse(
      R"({"a_stage": {"a_modifiers": {"QuantizationModifier": {)" + fields + "}}}}", "r");
  REQUIRE_MESSAGE(recipe, recipe.error().to_string());
  auto selection = SchemeSelection::create(
      std::get<QuantizationRecipe>(recipe->stages[0].modifiers[0]), test::schemes());
  if (!selection)
    return qfmt::name(selection.status());
  auto const matched = selection->match(
      *checkpoint, other_model ? calibration::ModelRef{other} : calibration::ModelRef{model});
  if (!matched)
    return qfmt::name(matched.status());
  std::string names;
  for (auto const& layer : model.layers()) {
    auto const* const scheme = selection->scheme_of()(layer);
    names += names.empty() ? "" : " ";
    names += scheme == nullptr ? "-" : scheme->name;
    if (scheme != nullptr)
      CHECK(&selection->scheme(layer.name).found == scheme);
  }
  return names;
}

}  // namespace

TEST_CASE("a preset for all layers, but for those that are ignored") {
  CHECK(chosen(R"("scheme": "nvfp4")") == "NVFP4 NVFP4 NVFP4 NVFP4 NVFP4");
  CHECK(chosen(R"("scheme": "FP8", "ignore": ["v_proj", "re:.*down"])") == "- FP8 FP8 FP8 -");
  CHECK(chosen(R"("scheme": "FP8", "targets": ["o_proj"])") == "- FP8 - - -");
}

TEST_CASE("groups, with the search that one of them asks for") {
  CHECK(chosen(R"("config_groups": {
    "a": {"targets": ["down_proj"], "weights": {"num_bits": 4, "group_size": 32, "strategy": "group",
      "observer": "memoryless_minmax"}},
    "b": {"weights": {"num_bits": 4, "type": "float", "group_size": 16,
      "strategy": "tensor_group", "observer": "scale_sweep"}, "input_activations": {"num_bits": 4,
      "type": "float", "group_size": 16, "strategy": "tensor_group", "dynamic": "local"}}})") ==
        "NVFP4 NVFP4 NVFP4 NVFP4 W4A16_G32");
}

TEST_CASE("what there is no scheme or no layer for") {
  CHECK(chosen(R"("scheme": "W2A16")") == "unknown_scheme");
  CHECK(chosen(R"("scheme": "FP8", "weight_observer": "mse")") == "unknown_scheme");
  CHECK(chosen(R"("config_groups": {"a": {"weights": {"num_bits": 3}}})") == "unknown_scheme");
  CHECK(chosen(R"("scheme": "FP8", "ignore": ["re:("])") == "pattern_invalid");
  CHECK(chosen(R"("scheme": "FP8", "targets": ["re:("])") == "pattern_invalid");
  CHECK(chosen(R"("scheme": "FP8", "targets": ["q_proj"])") == "nothing_to_do");
  CHECK(chosen(R"("scheme": "FP8")", true) == "config_invalid");
}
