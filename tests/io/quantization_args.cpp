// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/io/quantization_args.hpp>

#include "samples.hpp"

using nlohmann::json;
using qfmt::Status;
using qfmt::io::describe;
using qfmt::io::parse_quantization_args;
using qfmt::io::QuantizationArgs;
using qfmt::io::Role;
namespace preset = qfmt::preset;

namespace {

/// What a scheme's description says, written down here once more.
template <qfmt::Scheme S>
json described(Role role) {
  return to_json(describe<S>(role));
}

json parsed(json const& object) {
  auto const args = parse_quantization_args(object, "weights");
  REQUIRE(args.ok());
  return to_json(*args);
}

/// What is wrong with a refusal that it should say `place`; empty if nothing.
std::string refused(json const& object, std::string const& place) {
  return samples::verdict(parse_quantization_args(object, "config.json: weights"),
                          Status::config_invalid, "config.json: weights" + place);
}

json group_of_128() {
  return {{"num_bits", 4},
          {"type", "int"},
          {"symmetric", true},
          {"strategy", "group"},
          {"group_size", 128}};
}

}  // namespace

TEST_CASE("weights are described as compressed-tensors 0.20 writes them") {
  CHECK(described<preset::W4A16::Weights>(Role::weights) == json::parse(R"({
    "dynamic": false, "group_size": 128, "num_bits": 4, "strategy": "group", "symmetric": true, "type": "int"})"));
  CHECK(described<preset::W4A16_ASYM::Weights>(Role::weights) == json::parse(R"({
    "dynamic": false, "group_size": 128, "num_bits": 4, "strategy": "group", "symmetric": false, "type": "int"})"));
  CHECK(described<preset::W8A8::Weights>(Role::weights) == json::parse(R"({
    "dynamic": false, "group_size": null, "num_bits": 8, "strategy": "channel", "symmetric": true, "type": "int"})"));
  CHECK(described<preset::FP8::Weights>(Role::weights) == json::parse(R"({
    "dynamic": false, "group_size": null, "num_bits": 8, "strategy": "tensor", "symmetric": true, "type": "float"})"));
  CHECK(described<preset::FP8_BLOCK::Weights>(Role::weights) == json::parse(R"({
    "block_structure": [128, 128], "dynamic": false, "group_size": null, "num_bits": 8, "strategy": "block",
    "symmetric": true, "type": "float"})"));
  CHECK(described<preset::NVFP4::Weights>(Role::weights) == json::parse(R"({
    "dynamic": false, "group_size": 16, "num_bits": 4, "scale_dtype": "torch.float8_e4m3fn", "strategy": "tensor_group",
    "symmetric": true, "type": "float"})"));
  CHECK(described<preset::MXFP8::Weights>(Role::weights) == json::parse(R"({
    "dynamic": false, "group_size": 32, "num_bits": 8, "scale_dtype": "torch.uint8", "strategy": "group",
    "symmetric": true, "type": "float"})"));
}

TEST_CASE("input activations have their own words") {
  CHECK(described<preset::W8A8::InputActivations>(Role::input_activations) == json::parse(R"({
    "dynamic": true, "group_size": null, "num_bits": 8, "strategy": "token", "symmetric": true, "type": "int"})"));
  CHECK(described<preset::FP8::InputActivations>(Role::input_activations) == json::parse(R"({
    "dynamic": false, "group_size": null, "num_bits": 8, "observer": "static_minmax", "strategy": "tensor",
    "symmetric": true, "type": "float"})"));
  CHECK(described<preset::FP8_BLOCK::InputActivations>(Role::input_activations) == json::parse(R"({
    "dynamic": true, "group_size": 128, "num_bits": 8, "strategy": "group", "symmetric": true, "type": "float"})"));
  CHECK(described<preset::NVFP4::InputActivations>(Role::input_activations) == json::parse(R"({
    "dynamic": "local", "group_size": 16, "num_bits": 4, "observer": "static_minmax",
    "scale_dtype": "torch.float8_e4m3fn", "strategy": "tensor_group", "symmetric": true, "type": "float"})"));
  CHECK(described<preset::MXFP4::InputActivations>(Role::input_activations) == json::parse(R"({
    "dynamic": true, "group_size": 32, "num_bits": 4, "scale_dtype": "torch.uint8", "strategy": "group",
    "symmetric": true, "type": "float"})"));
}

TEST_CASE("a description read back is the same") {
  preset::Storable::for_each([]<class P>() {
    CAPTURE(P::name);
    json const weights = described<typename P::Weights>(Role::weights);
    CHECK(parsed(weights) == weights);
    if constexpr (!qfmt::same_as<typename P::InputActivations, void>) {
      json const inputs = described<typename P::InputActivations>(Role::input_activations);
      CHECK(parsed(inputs) == inputs);
    }
  });
}

TEST_CASE("what is left out has the package's default, null means left out") {
  CHECK(parsed(json::object()) == json{{"num_bits", 8},
                                       {"type", "int"},
                                       {"symmetric", true},
                                       {"strategy", "tensor"},
                                       {"group_size", nullptr},
                                       {"dynamic", false}});
  json const nulls = {{"strategy", nullptr},
                      {"group_size", nullptr},
                      {"block_structure", nullptr},
                      {"scale_dtype", nullptr},
                      {"observer", nullptr}};
  CHECK(parsed(nulls) == parsed(json::object()));
}

TEST_CASE("a strategy that is left out follows from the sizes") {
  CHECK(parsed({{"group_size", 64}})["strategy"] == "group");
  CHECK(parsed({{"group_size", -1}})["strategy"] == "channel");
  CHECK(parsed({{"group_size", -1}})["group_size"] == -1);  // as it was
  CHECK(parsed({{"block_structure", {128, 64}}})["strategy"] == "block");
  CHECK(parsed({{"block_structure", {128, 64}}})["block_structure"] == json{128, 64});
}

TEST_CASE("observers and scale types do not make a difference, all else does") {
  QuantizationArgs const args = *parse_quantization_args(group_of_128(), "");
  auto const with = [&](char const* key, json const& value) {
    json object = group_of_128();
    object[key] = value;
    return *parse_quantization_args(object, "");
  };
  CHECK(args == with("observer", "mse"));
  CHECK(args == with("scale_dtype", "torch.uint8"));
  CHECK(args == with("zp_dtype", "torch.int8"));
  CHECK(args == with("actorder", "static"));
  CHECK(args == with("observer_kwargs", json{{"a", 1}}));
  CHECK(args != with("num_bits", 8));
  CHECK(args != with("type", "float"));
  CHECK(args != with("symmetric", false));
  CHECK(args != with("group_size", 64));
  CHECK(args != with("strategy", "tensor_group"));
  CHECK(args != with("dynamic", true));
  json whole_rows = {{"group_size", -1}};
  json channels = {{"strategy", "channel"}};
  CHECK(*parse_quantization_args(whole_rows, "") == *parse_quantization_args(channels, ""));
}

TEST_CASE("values that make no sense are refused with their place") {
  struct Row {
    char const* key;
    json value;
    char const* message;
  };
  Row const rows[] = {
      {"num_bits", 3.5, ".num_bits: got '3.5', expected an integer from 1 to 16"},
      {"num_bits", 4.0, ".num_bits: got '4.0'"},
      {"num_bits", 0, ".num_bits: got '0'"},
      {"num_bits", -4, ".num_bits: got '-4'"},
      {"num_bits", 65, ".num_bits: got '65'"},
      {"num_bits", uint64_t{1} << 63, ".num_bits: got '9223372036854775808'"},
      {"num_bits", "4", ".num_bits: got '\"4\"'"},
      {"num_bits", nullptr, ".num_bits: got 'null'"},
      {"num_bits", true, ".num_bits: got 'true'"},
      {"type", "bfloat", ".type: got '\"bfloat\"', expected \"int\" or \"float\""},
      {"type", 1, ".type: got '1'"},
      {"symmetric", 1, ".symmetric: got '1', expected true or false"},
      {"symmetric", "true", ".symmetric: got"},
      {"group_size", 0, ".group_size: got '0', expected null or a positive integer"},
      {"group_size", -2, ".group_size: got '-2'"},
      {"group_size", 16.0, ".group_size: got '16.0'"},
      {"group_size", ~uint64_t{0}, ".group_size: got '18446744073709551615'"},
      {"strategy", "rows", ".strategy: got '\"rows\"', expected a strategy"},
      {"strategy", 1, ".strategy: got '1'"},
      {"block_structure", json::array({128}), ".block_structure: got '[128]'"},
      {"block_structure", json::array({128, 128, 1}), ".block_structure: got '[128,128,1]'"},
      {"block_structure", json::array({128, 0}), ".block_structure: got '[128,0]'"},
      {"block_structure", json::array({128, 1.5}), ".block_structure: got '[128,1.5]'"},
      {"block_structure", 128, ".block_structure: got '128'"},
      {"dynamic", "global", ".dynamic: got '\"global\"', expected true, false or \"local\""},
      {"dynamic", nullptr, ".dynamic: got 'null'"},
      {"dynamic", 1, ".dynamic: got '1'"},
      {"block_structure", "128", ".block_structure: got '\"128\"'"},
      {"block_structure", "128x", ".block_structure: got"},
      {"block_structure", "x128", ".block_structure: got"},
      {"block_structure", "128x128x1", ".block_structure: got"},
      {"block_structure", "0x128", ".block_structure: got"},
      {"block_structure", "-1x128", ".block_structure: got"},
      {"actorder", "random", ".actorder: got '\"random\"', expected null or an activation order"},
      {"actorder", 1, ".actorder: got '1'"},
      {"observer_kwargs", json::array(), ".observer_kwargs: got '[]', expected an object"},
      {"zp_dtype", 8, ".zp_dtype: got '8'"},
      {"observer", 1, ".observer: got '1', expected null or a string"},
      {"scale_dtype", json::object(), ".scale_dtype: got '{}'"},
      {"num_bit", 4, ".num_bit: got '4', expected no such field"},
      {"a\nb", 1, ".'a\\x0ab': got '1'"},
      {"", 1, ".'': got '1'"},
  };
  for (Row const& row : rows) {
    json object = group_of_128();
    object[row.key] = row.value;
    CHECK(refused(object, row.message) == "");
  }
}

TEST_CASE("fields that contradict each other are refused") {
  auto const with = [](std::vector<std::pair<char const*, json>> const& changes) {
    json object = group_of_128();
    for (auto const& [key, value] : changes) object[key] = value;
    return object;
  };
  CHECK(refused(with({{"strategy", "channel"}}),
                ": strategy 'channel' does not take a group_size") == "");
  CHECK(refused(with({{"strategy", "token"}}), ": strategy 'token' does not take") == "");
  CHECK(refused(with({{"strategy", "tensor"}}), ": strategy 'tensor' does not take") == "");
  CHECK(refused(with({{"group_size", nullptr}}), ": strategy 'group' needs a group_size") == "");
  CHECK(refused(with({{"group_size", -1}}), ": strategy 'group' needs a group_size") == "");
  CHECK(refused(with({{"strategy", "tensor_group"}, {"group_size", nullptr}}),
                ": strategy 'tensor_group' needs") == "");
  CHECK(refused(with({{"strategy", "block"}, {"group_size", nullptr}}),
                ": block_structure and strategy 'block' go together") == "");
  CHECK(refused(with({{"block_structure", {128, 128}}}),
                ": block_structure and strategy 'block' go together, got strategy 'group'") == "");
  CHECK(refused({{"strategy", "token"}}, ": strategy 'token' needs to be dynamic") == "");
  CHECK(refused({{"strategy", "channel"}, {"dynamic", true}},
                ": strategy 'channel' cannot be dynamic") == "");
  CHECK(refused(with({{"dynamic", "local"}}), ": strategy 'group' cannot be local") == "");
  CHECK(refused(with({{"type", "float"}, {"symmetric", false}}),
                ": a float type must be symmetric") == "");
}

TEST_CASE("what is no object is refused, and so is the first of several errors") {
  CHECK(refused(json::array(), ": got array, expected an object") == "");
  CHECK(refused(nullptr, ": got null, expected an object") == "");
  CHECK(refused({{"num_bits", 0}, {"type", "x"}}, ".num_bits: got") == "");
}

TEST_CASE("spellings of older files") {
  CHECK(parsed({{"type", "FLOAT"}})["type"] == "float");
  CHECK(parsed({{"strategy", "Channel"}})["strategy"] == "channel");
  CHECK(parsed({{"strategy", "block"}, {"block_structure", "128x64"}})["block_structure"] ==
        json{128, 64});
  CHECK(parsed({{"scale_dtype", "uint8"}})["scale_dtype"] == "torch.uint8");
  auto const actorder = [](json const& value) {
    json object = group_of_128();
    object["actorder"] = value;
    return *parse_quantization_args(object, "");
  };
  CHECK(actorder(true).actorder == "group");
  CHECK(actorder(false).actorder == "");
  CHECK(actorder("Static").actorder == "static");
  CHECK(actorder("dynamic").is_reordered());
  CHECK(actorder(true).is_reordered());
  CHECK_FALSE(actorder("weight").is_reordered());
  CHECK_FALSE(actorder(nullptr).is_reordered());
}

TEST_CASE("what the package keeps, and what it drops") {
  json object = group_of_128();
  object["observer"] = "mse";
  object["observer_kwargs"] = {{"maxshrink", 0.2}};
  object["actorder"] = "static";
  object["zp_dtype"] = "torch.int8";  // says nothing of a symmetric scheme
  json const read = parsed(object);
  CHECK(read["observer_kwargs"] == json{{"maxshrink", 0.2}});
  CHECK(read["observer"] == "mse");
  CHECK(read["actorder"] == "static");
  CHECK_FALSE(read.contains("zp_dtype"));
  object["symmetric"] = false;
  object["observer_kwargs"] = json::object();
  CHECK(parsed(object)["zp_dtype"] == "torch.int8");
  CHECK_FALSE(parsed(object).contains("observer_kwargs"));
}
