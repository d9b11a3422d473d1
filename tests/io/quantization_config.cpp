// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <support/environment.hpp>

#include <qfmt/io/compressed_tensors.hpp>
#include <qfmt/io/quantization_config.hpp>

#include "samples.hpp"

using nlohmann::json;
using qfmt::Status;
using qfmt::io::parse_quantization_config;
using qfmt::io::quantization_config;
namespace preset = qfmt::preset;

namespace {

template <class Preset>
json model_with(std::vector<std::string> const& ignore = {"lm_head"}) {
  return {{"model_type", "llama"},
          {"quantization_config", to_json(quantization_config<Preset>(ignore))}};
}

/// The same description as compressed-tensors 0.18 writes it: every field is there.
json as_version_0_18(json model) {
  json& config = model["quantization_config"];
  config.erase("moe_sparsity_config");
  config["version"] = "0.18.0";
  for (char const* role : {"weights", "input_activations"}) {
    json& args = config["config_groups"]["group_0"][role];
    if (args.is_null())
      continue;
    bool const is_weights = role == std::string{"weights"};
    json const unset = {{"actorder", nullptr},
                        {"block_structure", nullptr},
                        {"observer", is_weights ? json("memoryless_minmax") : json()},
                        {"observer_kwargs", json::object()},
                        {"scale_dtype", nullptr},
                        {"zp_dtype", args["symmetric"] == true ? json() : json("torch.int8")}};
    for (auto const& [key, value] : unset.items()) {
      if (!args.contains(key))
        args[key] = value;
    }
  }
  return model;
}

std::string refused(json const& model, std::string const& place) {
  return samples::verdict(parse_quantization_config(model), Status::config_invalid,
                          "config.json: quantization_config" + place);
}

}  // namespace

TEST_CASE("configurations are written as the package writes what it was given") {
  json const cases =
      json::parse(samples::read(qfmt::test::fixtures() / "compressed_tensors" / "configs.json"));
  CHECK(cases.size() == 45);
  for (json const& pair : cases) {
    CAPTURE(pair["given"].dump());
    json given = pair["given"];
    json const& written = pair["written"];
    auto const again = parse_quantization_config({{"quantization_config", written}});
    REQUIRE(again.ok());
    CHECK(to_json(*again) == written);

    // What a file need not have, the package fills in.
    given["quant_method"] = "compressed-tensors";
    for (char const* key : {"format", "quantization_status", "version"}) {
      if (!given.contains(key))
        given[key] = written[key];
    }
    auto const first = parse_quantization_config({{"quantization_config", given}});
    REQUIRE(first.ok());
    CHECK(to_json(*first) == written);
  }
}

TEST_CASE("the configuration of every preset is read back the same, in two versions") {
  preset::Storable::for_each([]<class P>() {
    CAPTURE(P::name);
    auto const config = quantization_config<P>({"lm_head"});
    CHECK(*parse_quantization_config(model_with<P>()) == config);
    auto const old = parse_quantization_config(as_version_0_18(model_with<P>()));
    REQUIRE(old.ok());
    CHECK(old->version == "0.18.0");
    CHECK(old->groups == config.groups);
    CHECK(old->ignore == config.ignore);
  });
}

TEST_CASE("keys that do not matter may be absent, and unknown ones of the model's object present") {
  json model = model_with<preset::W4A16>();
  json& config = model["quantization_config"];
  for (char const* key :
       {"ignore", "kv_cache_scheme", "moe_sparsity_config", "version", "global_compression_ratio",
        "sparsity_config", "transform_config", "quantization_status"}) {
    config.erase(key);
  }
  config["from_the_future"] = 1;
  auto const parsed = parse_quantization_config(model);
  REQUIRE(parsed.ok());
  CHECK(parsed->ignore.empty());
  config["sparsity_config"] = {{"format", "dense"}};
  CHECK(parse_quantization_config(model).ok());
}

TEST_CASE("the format may stand with the group, with the model, or with both") {
  json model = model_with<preset::NVFP4A16>();
  model["quantization_config"]["config_groups"]["group_0"].erase("format");
  auto config = *parse_quantization_config(model);
  CHECK(config.format_of(config.groups[0]) == "nvfp4-pack-quantized");
  model = model_with<preset::NVFP4A16>();
  model["quantization_config"]["format"] = "mixed-precision";
  config = *parse_quantization_config(model);
  CHECK(config.format_of(config.groups[0]) == "nvfp4-pack-quantized");
}

TEST_CASE("the format of a model is that of its groups, or mixed") {
  using qfmt::io::config_group;
  using qfmt::io::joint_format;
  CHECK(joint_format({}) == "dense");
  CHECK(joint_format({config_group<preset::W4A16>(), config_group<preset::W8A16>()}) ==
        "pack-quantized");
  CHECK(joint_format({config_group<preset::W4A16>(), config_group<preset::W8A8>()}) ==
        "mixed-precision");
}

TEST_CASE("configurations that are refused say where and why") {
  json const good = model_with<preset::FP8_DYNAMIC>();
  auto const changed = [&](char const* pointer, json const& value) {
    json model = good;
    model[json::json_pointer{std::string{"/quantization_config"} + pointer}] = value;
    return model;
  };
  json const& group = good["quantization_config"]["config_groups"]["group_0"];

  CHECK(refused(json::object(), ": not found") == "");
  CHECK(refused(json::array(), ": not found") == "");
  CHECK(refused(changed("", "fp8"), ": expected an object") == "");
  CHECK(refused(changed("/quant_method", "gptq"),
                ".quant_method: got 'gptq', expected 'compressed-tensors'") == "");
  CHECK(refused(changed("/quant_method", 1), ".quant_method: got ''") == "");

  CHECK(refused(changed("/config_groups", nullptr),
                ".config_groups: expected an object with a group") == "");
  CHECK(refused(changed("/config_groups", json::object()), ".config_groups: expected") == "");
  CHECK(refused(changed("/config_groups/group_0", json::array({"Linear"})),
                ".config_groups.group_0: got '[\"Linear\"]', expected an object with weights, or a "
                "preset's name") == "");
  CHECK(refused(changed("/config_groups", {{"W4A16", json::array({1})}}),
                ".config_groups.W4A16: got '1', expected strings") == "");
  CHECK(refused(changed("/config_groups", {{"a\x1b[31m", group["weights"]}}),
                ".config_groups.'a\\x1b[31m': got") == "");
  CHECK(refused(changed("/config_groups/group_0/weight", 1),
                ".config_groups.group_0.weight: got '1', expected no such field") == "");
  CHECK(refused(changed("/config_groups/group_0/targets", "Linear"),
                ".config_groups.group_0.targets: got '\"Linear\"', expected an array") == "");
  CHECK(refused(changed("/config_groups/group_0/format", "mixed-precision"),
                ".config_groups.group_0.format: got 'mixed-precision'") == "");
  CHECK(refused(changed("/config_groups/group_0/weights", 1),
                ".config_groups.group_0.weights: got number, expected an object") == "");
  CHECK(refused(changed("/config_groups/group_0/weights/num_bits", 3.5),
                ".config_groups.group_0.weights.num_bits: got '3.5'") == "");
  CHECK(refused(changed("/config_groups/group_0/weights/bits", 4),
                ".config_groups.group_0.weights.bits: got '4'") == "");
  CHECK(refused(changed("/config_groups/group_0/input_activations/dynamic", "yes"),
                ".config_groups.group_0.input_activations.dynamic: got") == "");
  CHECK(refused(changed("/kv_cache_scheme", {{"num_bits", 0}}),
                ".kv_cache_scheme.num_bits: got '0'") == "");

  CHECK(refused(changed("/ignore", "lm_head"), ".ignore: got '\"lm_head\"', expected an array") ==
        "");
  CHECK(refused(changed("/ignore", json::array({1})), ".ignore: got '1', expected strings") == "");
}

TEST_CASE("formats that the package has dropped are refused by name") {
  for (char const* format : {"marlin-24", "sparse-bitmask", "sparse-24-bitmask"}) {
    std::string const why = std::string{"got '"} + format + "', which was removed";
    json model = model_with<preset::W4A16>();
    model["quantization_config"]["format"] = format;
    CHECK(refused(model, ".format: " + why) == "");
    model["quantization_config"].erase("config_groups");
    CHECK(refused(model, ".format: " + why) == "");
    model = model_with<preset::FP8_DYNAMIC>();
    model["quantization_config"]["sparsity_config"] = {{"format", format},
                                                       {"sparsity_structure", "2:4"}};
    CHECK(refused(model, ".sparsity_config.format: " + why) == "");
    model = model_with<preset::W4A16>();
    model["quantization_config"]["config_groups"]["group_0"]["format"] = format;
    CHECK(refused(model, ".config_groups.group_0.format: " + why) == "");
  }
}
