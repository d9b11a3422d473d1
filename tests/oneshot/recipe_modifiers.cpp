// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <calibration/residual_model.hpp>
#include <doctest/doctest.h>

#include <qfmt/oneshot/recipe_modifiers.hpp>

using namespace qfmt;
using namespace qfmt::oneshot;
using calibration::InputSource;

namespace {

Recipe parse(std::string const& modifiers) {
  auto recipe = Recipe::parse(R"({"a_stage": {"a_modifiers": )" + modifiers + "}}", "r");
  REQUIRE_MESSAGE(recipe, recipe.error().to_string());
  return *std::move(recipe);
}

}  // namespace

TEST_CASE("transforms in their order, then what quantizes") {
  Recipe const recipe = parse(
      R"({"SmoothQuantModifier": {}, "SpinQuantModifier": {}, "GPTQModifier": {"scheme": "FP8"}})");
  auto const order = recipe_order(recipe);
  REQUIRE(order);
  REQUIRE(order->transforms.size() == 2);
  CHECK(std::holds_alternative<SmoothQuantRecipe>(*order->transforms[0]));
  CHECK(order->gptq() != nullptr);
  CHECK(order->quantization().scheme == "FP8");
  calibration::SchemeOf const none = [](calibration::LinearLayer const&) { return nullptr; };
  CHECK(make_transform(*order->transforms[0], none)->name() == std::string{"SmoothQuantModifier"});
  CHECK(make_transform(*order->transforms[1], none)->name() == std::string{"SpinQuantModifier"});
  Recipe const awq = parse(R"({"AWQModifier": {"scheme": "FP8"}})");
  CHECK(recipe_order(awq)->gptq() == nullptr);
  CHECK(make_transform(*recipe_order(awq)->transforms[0], none)->name() ==
        std::string{"AWQModifier"});
}

TEST_CASE("recipes that make no sense") {
  auto const status = [](std::string const& modifiers) {
    return recipe_order(parse(modifiers)).status();
  };
  CHECK(status("{}") == Status::nothing_to_do);
  CHECK(status(R"({"SmoothQuantModifier": {}})") == Status::nothing_to_do);
  CHECK(status(R"({"GPTQModifier": {"scheme": "FP8"}, "SmoothQuantModifier": {}})") ==
        Status::unsupported);
  CHECK(status(R"({"GPTQModifier": {"scheme": "A"}, "QuantizationModifier": {"scheme": "A"}})") ==
        Status::unsupported);
  CHECK(status(R"({"GPTQModifier": {"scheme": "FP8", "actorder": "group"}})") ==
        Status::unsupported);
}

TEST_CASE("mappings select inputs by where they come from and what sees them") {
  InputSource const norm{"layers.0.input_layernorm", {}, {}};
  InputSource const up{"layers.0.up_proj", 5, {}};
  std::vector<std::string> const qkv{"layers.0.q_proj", "layers.0.k_proj", "layers.0.v_proj"};
  std::vector<std::string> const down{"layers.0.down_proj"};
  auto const all = input_selection({});
  REQUIRE(all);
  CHECK((*all)(norm, qkv));
  CHECK((*all)(up, down));
  auto const some = input_selection({{"re:.*input_layernorm", {"re:.*q_proj"}}});
  REQUIRE(some);
  CHECK((*some)(norm, qkv));
  CHECK(!(*some)(norm, down));
  CHECK(!(*some)(up, qkv));
  auto const ignoring = input_selection({}, {"re:.*k_proj", "layers.0.up_proj"});
  REQUIRE(ignoring);
  CHECK(!(*ignoring)(norm, qkv));
  CHECK(!(*ignoring)(up, down));
  CHECK((*ignoring)(norm, down));
  CHECK(input_selection({{"re:(", {"a"}}}).status() == Status::pattern_invalid);
  CHECK(input_selection({{"a", {"re:("}}}).status() == Status::pattern_invalid);
  CHECK(input_selection({}, {"re:("}).status() == Status::pattern_invalid);
}
