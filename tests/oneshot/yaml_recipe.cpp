// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Recipes in YAML: those that llm-compressor publishes are written so.

#include <doctest/doctest.h>

#include <qfmt/io/yaml.hpp>
#include <qfmt/oneshot/recipe.hpp>

using namespace qfmt;
using namespace qfmt::oneshot;

namespace {

Result<Recipe> read(std::string const& text) {
  auto const json = io::parse_yaml(text, "r.yaml");
  if (!json)
    return json.error();
  return Recipe::from_json(*json, "r.yaml");
}

}  // namespace

TEST_CASE("a recipe in YAML is the one in JSON") {
  auto const yaml = read(R"(
quant_stage:
  quant_modifiers:
    SmoothQuantModifier:
      smoothing_strength: 0.8
      mappings:
        - [["re:.*q_proj", "re:.*k_proj"], "re:.*input_layernorm"]
    GPTQModifier:
      ignore: [lm_head]
      dampening_frac: 1e-2
      actorder: null
      config_groups:
        group_0:
          targets: [Linear]
          weights: &int4 {num_bits: 4, type: int, symmetric: true, strategy: group, group_size: 32}
        group_1:
          targets: ["re:.*down_proj"]
          weights: *int4
)");
  REQUIRE_MESSAGE(yaml, yaml.error().to_string());
  auto const json = Recipe::parse(R"({"quant_stage": {"quant_modifiers": {
    "SmoothQuantModifier": {"smoothing_strength": 0.8,
      "mappings": [[["re:.*q_proj", "re:.*k_proj"], "re:.*input_layernorm"]]},
    "GPTQModifier": {"ignore": ["lm_head"], "dampening_frac": 0.01, "actorder": null,
      "config_groups": {
        "group_0": {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "int",
          "symmetric": true, "strategy": "group", "group_size": 32}},
        "group_1": {"targets": ["re:.*down_proj"], "weights": {"num_bits": 4, "type": "int",
          "symmetric": true, "strategy": "group", "group_size": 32}}}}}}})",
                                  "r.json");
  REQUIRE_MESSAGE(json, json.error().to_string());
  CHECK(yaml->to_json() == json->to_json());
  CHECK(std::holds_alternative<SmoothQuantRecipe>(yaml->stages[0].modifiers[0]));
  // What a job writes beside its output, recipe.yaml.
  auto const again = read(json->to_json());
  REQUIRE_MESSAGE(again, again.error().to_string());
  CHECK(again->to_json() == json->to_json());
}

TEST_CASE("errors of meaning are those of JSON") {
  auto const recipe =
      read("quant_stage: {quant_modifiers: {GPTQModifier: {scheme: W4A16, damping_frac: 1}}}");
  REQUIRE(!recipe);
  CHECK(recipe.error().to_string() ==
        "config_invalid: r.yaml: quant_stage.quant_modifiers.GPTQModifier: got the key "
        "'damping_frac', expected 'dampening_frac' or another known one");
  CHECK(read("").status() == Status::config_invalid);
  CHECK(read("quant_stage: {quant_modifiers: {AWQModifier: {duo_scaling: on}}}").error().message ==
        "r.yaml: line 1, column 60: got 'on', which readers of YAML take for different things, or "
        "for no number of JSON; expected true, false, a decimal number, or quotes around it");
}
