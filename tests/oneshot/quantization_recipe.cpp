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

}  // namespace

TEST_CASE("orders of columns, as they are spelled") {
  auto const order = [](std::string const& value) {
    auto const recipe = Recipe::parse(
        in_stage(R"({"GPTQModifier": {"scheme": "W4A16", "actorder": )" + value + "}}"), "r.json");
    REQUIRE(recipe);
    return std::get<GptqRecipe>(recipe->stages[0].modifiers[0]).actorder;
  };
  CHECK(order("null") == ActivationOrder::none);
  CHECK(order("false") == ActivationOrder::none);
  CHECK(order("\"static\"") == ActivationOrder::weight);
  CHECK(order("\"weight\"") == ActivationOrder::weight);
  CHECK(order("\"group\"") == ActivationOrder::group);
  CHECK(order("\"dynamic\"") == ActivationOrder::group);
  CHECK(order("true") == ActivationOrder::group);
}

TEST_CASE("groups of layers with schemes of their own") {
  auto const recipe = Recipe::parse(in_stage(R"({"QuantizationModifier": {"config_groups": {
    "group_0": {"targets": ["re:.*mlp.*"], "weights": {"num_bits": 4, "group_size": 128,
      "strategy": "group", "symmetric": true, "type": "int"}},
    "group_1": {"weights": {"num_bits": 8, "strategy": "channel", "type": "float"},
      "input_activations": {"num_bits": 8, "strategy": "token", "type": "float", "dynamic": true}}
    }}})"),
                                    "r.json");
  REQUIRE_MESSAGE(recipe, recipe.error().to_string());
  auto const& groups = std::get<QuantizationRecipe>(recipe->stages[0].modifiers[0]).groups;
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].targets == std::vector<std::string>{"re:.*mlp.*"});
  CHECK(groups[0].weights == io::describe<preset::W4A16::Weights>(io::Role::weights));
  CHECK(!groups[0].input_activations);
  CHECK(groups[1].targets == std::vector<std::string>{"Linear"});
  CHECK(groups[1].input_activations ==
        io::describe<preset::FP8_DYNAMIC::InputActivations>(io::Role::input_activations));
}

TEST_CASE("a key-value cache that servers can use, and others") {
  auto const with = [](std::string const& cache) {
    return Recipe::parse(
        in_stage(R"({"GPTQModifier": {"scheme": "FP8", "kv_cache_scheme": )" + cache + "}}"),
        "r.json");
  };
  auto const recipe = with(R"({"num_bits": 8, "type": "float", "strategy": "tensor"})");
  REQUIRE_MESSAGE(recipe, recipe.error().to_string());
  CHECK(std::get<GptqRecipe>(recipe->stages[0].modifiers[0]).kv_cache_scheme->num_bits == 8);
  CHECK(with(R"({"num_bits": 8, "type": "int", "strategy": "tensor"})").status() ==
        Status::unsupported);
  CHECK(with(R"({"num_bits": 8, "type": "float", "strategy": "attn_head"})").status() ==
        Status::unsupported);
  CHECK(with(R"({"num_bits": 8, "type": "float", "dynamic": true})").status() ==
        Status::unsupported);
  CHECK(!with(R"({"bits": 8})"));
}

TEST_CASE("what is not supported is said, unless it says nothing") {
  CHECK(Recipe::parse(in_stage(R"({"GPTQModifier": {"scheme": "FP8", "observer": "mse"}})"), "r")
            .status() == Status::unsupported);
  CHECK(Recipe::parse(in_stage(R"({"GPTQModifier": {"scheme": "FP8", "kv_cache_scheme": null,
    "offload_hessians": false}})"),
                      "r.json"));
}
