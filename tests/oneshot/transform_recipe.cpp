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

/// The first modifier of a recipe.
template <class M>
M read(std::string const& fields) {
  auto const recipe =
      Recipe::parse(in_stage(std::string{"{\""} + M::type + "\": {" + fields + "}}"), "r.json");
  REQUIRE_MESSAGE(recipe, recipe.error().to_string());
  return std::get<M>(recipe->stages[0].modifiers[0]);
}

template <class M>
Status status(std::string const& fields) {
  return Recipe::parse(in_stage(std::string{"{\""} + M::type + "\": {" + fields + "}}"), "r")
      .status();
}

}  // namespace

TEST_CASE("AWQ: defaults, and what recipes say") {
  auto const plain = read<AwqRecipe>("");
  CHECK(plain.options.grid == 20);
  CHECK(plain.options.duo_scaling == DuoScaling::yes);
  CHECK(plain.mappings.empty());
  auto const said = read<AwqRecipe>(R"("n_grid": 8, "duo_scaling": false, "mappings": [
    {"smooth_layer": "re:.*norm", "balance_layers": ["re:.*q_proj", "re:.*k_proj"]}])");
  CHECK(said.options.grid == 8);
  CHECK(said.options.duo_scaling == DuoScaling::no);
  REQUIRE(said.mappings.size() == 1);
  CHECK(said.mappings[0].smooth_layer == "re:.*norm");
  CHECK(said.mappings[0].balance_layers.size() == 2);
  CHECK(read<AwqRecipe>(R"("duo_scaling": "both")").options.duo_scaling == DuoScaling::both);
}

TEST_CASE("AWQ with a scheme of its own is AWQ, then rounding") {
  auto const recipe = Recipe::parse(
      in_stage(R"({"AWQModifier": {"scheme": "W4A16", "ignore": ["lm_head"], "n_grid": 4}})"), "r");
  REQUIRE_MESSAGE(recipe, recipe.error().to_string());
  auto const& modifiers = recipe->stages[0].modifiers;
  REQUIRE(modifiers.size() == 2);
  CHECK(std::get<AwqRecipe>(modifiers[0]).options.grid == 4);
  CHECK(std::get<QuantizationRecipe>(modifiers[1]).scheme == "W4A16");
  CHECK(std::get<QuantizationRecipe>(modifiers[1]).ignore == std::vector<std::string>{"lm_head"});
}

TEST_CASE("SmoothQuant: both spellings of mappings") {
  CHECK(read<SmoothQuantRecipe>("").options.strength == 0.5);
  auto const said = read<SmoothQuantRecipe>(R"("smoothing_strength": 0.8, "ignore": ["a"],
    "algorithm": "log_equalization",
    "mappings": [[["q", "k"], "norm"], {"smooth_layer": "n", "balance_layers": "g"}])");
  CHECK(said.options.strength == 0.8);
  CHECK(said.options.algorithm == Smoothing::log_equalization);
  REQUIRE(said.mappings.size() == 2);
  CHECK(said.mappings[0].smooth_layer == "norm");
  CHECK(said.mappings[0].balance_layers == std::vector<std::string>{"q", "k"});
  CHECK(said.mappings[1].balance_layers == std::vector<std::string>{"g"});
  CHECK(said.ignore == std::vector<std::string>{"a"});
}

TEST_CASE("rotations: those that weights can absorb") {
  auto const plain = read<RotationRecipe>("");
  CHECK(plain.options.residual);
  CHECK(plain.options.heads);
  CHECK(!plain.options.random_signs);
  auto const said = read<RotationRecipe>(
      R"("rotations": ["R2"], "transform_type": "random-hadamard", "transform_block_size": 64)");
  CHECK(!said.options.residual);
  CHECK(said.options.heads);
  CHECK(said.options.random_signs);
  CHECK(said.options.block == 64);
  CHECK(status<RotationRecipe>(R"("rotations": ["R1", "R4"])") == Status::unsupported);
  CHECK(status<RotationRecipe>(R"("transform_type": "random-matrix")") == Status::unsupported);
  CHECK(status<RotationRecipe>(R"("learnable": true)") == Status::unsupported);
  CHECK(status<RotationRecipe>(R"("learnable": false, "randomize": false)") == Status::ok);
  CHECK(Recipe::parse(in_stage(R"({"QuIPModifier": {}})"), "r").status() == Status::unsupported);
}

TEST_CASE("what is no transform") {
  for (char const* const fields :
       {R"("n_grid": 3)", R"("duo_scaling": "yes")", R"("grid": 20)", R"("mappings": {})",
        R"("mappings": [["a"]])", R"("mappings": [{"smooth_layer": "a"}])",
        R"("mappings": [{"smooth": "a", "balance_layers": "b"}])",
        R"("mappings": [{"smooth_layer": 1, "balance_layers": "b"}])"}) {
    CAPTURE(fields);
    CHECK(status<AwqRecipe>(fields) == Status::config_invalid);
  }
  CHECK(status<SmoothQuantRecipe>(R"("smoothing_strength": 1.5)") == Status::config_invalid);
  CHECK(status<SmoothQuantRecipe>(R"("algorithm": "smooth")") == Status::config_invalid);
  CHECK(status<RotationRecipe>(R"("rotations": ["R5"])") == Status::config_invalid);
  CHECK(status<RotationRecipe>(R"("rotations": [])") == Status::config_invalid);
  CHECK(status<RotationRecipe>(R"("transform_type": "fourier")") == Status::config_invalid);
  auto const unknown = Recipe::parse(in_stage(R"({"AWQModifier": {"n_grids": 20}})"), "r");
  CHECK(unknown.error().message.find("expected 'n_grid'") != std::string::npos);
}
