// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/oneshot/recipe.hpp>

using namespace qfmt;
using namespace qfmt::oneshot;

namespace {

std::string in_stage(std::string const& modifiers) {
  return R"({"quant_stage": {"quant_modifiers": )" + modifiers + "}}";
}

Error error_of(std::string const& text) {
  auto const recipe = Recipe::parse(text, "r.json");
  REQUIRE(!recipe);
  return recipe.error();
}

}  // namespace

TEST_CASE("a published recipe") {
  auto const recipe = Recipe::parse(in_stage(R"({"GPTQModifier": {"targets": "Linear",
    "ignore": ["lm_head"], "scheme": "W4A16", "dampening_frac": 0.05, "block_size": 64}})"),
                                    "r.json");
  REQUIRE_MESSAGE(recipe, recipe.error().to_string());
  REQUIRE(recipe->stages.size() == 1);
  CHECK(recipe->stages[0].name == "quant");
  REQUIRE(recipe->stages[0].modifiers.size() == 1);
  auto const* const gptq = std::get_if<GptqRecipe>(&recipe->stages[0].modifiers[0]);
  REQUIRE(gptq != nullptr);
  CHECK(gptq->scheme == "W4A16");
  CHECK(gptq->targets == std::vector<std::string>{"Linear"});
  CHECK(gptq->ignore == std::vector<std::string>{"lm_head"});
  CHECK(gptq->block_size == 64);
  CHECK(gptq->dampening_frac == 0.05);
  CHECK(gptq->actorder == ActivationOrder::weight);
}

TEST_CASE("the order of keys is the order of execution") {
  auto const recipe = Recipe::parse(R"({"z_stage": {"z_modifiers": {
    "QuantizationModifier": {"scheme": "FP8"}, "GPTQModifier": {"scheme": "W4A16"}}},
    "a_stage": {"a_modifiers": {}}})",
                                    "r.json");
  REQUIRE_MESSAGE(recipe, recipe.error().to_string());
  REQUIRE(recipe->stages.size() == 2);
  CHECK(recipe->stages[0].name == "z");
  CHECK(std::holds_alternative<QuantizationRecipe>(recipe->stages[0].modifiers[0]));
  CHECK(std::holds_alternative<GptqRecipe>(recipe->stages[0].modifiers[1]));
}

TEST_CASE("what is written is read again as the same") {
  for (std::string const& text : {
           in_stage(R"({"GPTQModifier": {"scheme": "NVFP4", "weight_observer": "scale_sweep",
             "actorder": null, "dampening_frac": 0.1}})"),
           in_stage(R"({"QuantizationModifier": {"config_groups": {"b": {"targets": ["x"],
             "weights": {"num_bits": 4, "group_size": 32, "strategy": "group"}}, "a": {
             "weights": {"num_bits": 8, "strategy": "channel"}}}}})"),
           in_stage(R"({"SpinQuantModifier": {"rotations": "R1", "transform_block_size": 32},
             "SmoothQuantModifier": {"mappings": [[["re:.*q_proj"], "re:.*norm"]]},
             "AWQModifier": {"scheme": "FP8", "duo_scaling": "both", "mappings": [
               {"smooth_layer": "a", "balance_layers": ["b", "c"]}]}})"),
       }) {
    auto const once = Recipe::parse(text, "r.json");
    REQUIRE_MESSAGE(once, once.error().to_string());
    auto const twice = Recipe::parse(once->to_json(), "r.json");
    REQUIRE_MESSAGE(twice, twice.error().to_string());
    CHECK(twice->to_json() == once->to_json());
  }
}

TEST_CASE("unknown keys are errors that name the nearest") {
  auto const error =
      error_of(in_stage(R"({"GPTQModifier": {"scheme": "W4A16", "damping_frac": 0.1}})"));
  CHECK(error.to_string() ==
        "config_invalid: r.json: quant_stage.quant_modifiers.GPTQModifier: got the key "
        "'damping_frac', expected 'dampening_frac' or another known one");
  CHECK(error_of(in_stage(R"({"GPTQModifer": {}})")).message.find("'GPTQModifier'") !=
        std::string::npos);
  CHECK(error_of(in_stage(R"({"QuantizationModifier": {"scheme": "FP8", "block_size": 1}})"))
            .status == Status::config_invalid);
  CHECK(error_of(in_stage(R"({"GPTQModifier": {"config_groups": {"g": {"target": []}}}})"))
            .message.find("'targets'") != std::string::npos);
}

TEST_CASE("what is no recipe") {
  CHECK(error_of("{").status == Status::json_syntax);
  CHECK(error_of("{}").status == Status::config_invalid);
  CHECK(error_of("[]").status == Status::config_invalid);
  CHECK(error_of(R"({"quant": {}})").status == Status::config_invalid);
  CHECK(error_of(R"({"quant_stage": []})").status == Status::config_invalid);
  CHECK(error_of(R"({"quant_stage": {"modifiers": {}}})").status == Status::config_invalid);
  CHECK(error_of(R"({"a_stage": {}, "a_stage": {}})").status == Status::duplicate_key);
  for (std::string const modifier :
       {R"({})", R"({"scheme": 4})",
        R"({"scheme": "W4A16", "config_groups": {"g": {"weights": {}}}})",
        R"({"config_groups": {}})", R"({"config_groups": {"g": {}}})",
        R"({"config_groups": {"g": {"weights": {"bits": 4}}}})",
        R"({"scheme": "W4A16", "targets": 1})", R"({"scheme": "W4A16", "ignore": [1]})",
        R"({"scheme": "W4A16", "block_size": 0})", R"({"scheme": "W4A16", "block_size": 1.5})",
        R"({"scheme": "W4A16", "dampening_frac": -1})", R"({"scheme": "W4A16", "actorder": "up"})",
        R"([])"}) {
    CAPTURE(modifier);
    auto const error = error_of(in_stage(R"({"GPTQModifier": )" + modifier + "}"));
    CHECK((error.status == Status::config_invalid || error.status == Status::unknown_field));
  }
}
