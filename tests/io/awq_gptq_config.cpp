// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/io/awq_gptq_config.hpp>

using nlohmann::json;
using qfmt::Status;
using qfmt::io::AwqGptqConfig;
using qfmt::io::is_awq_or_gptq;
using qfmt::io::parse_awq_gptq_config;

namespace {

json model(json const& quantization) {
  return {{"quantization_config", quantization}};
}

std::string text(json const& quantization) {
  auto const config = parse_awq_gptq_config(model(quantization));
  return config ? config->text() : config.error().to_string();
}

}  // namespace

TEST_CASE("quantization_config of AutoAWQ, as it writes it") {
  json const awq = {{"bits", 4},
                    {"group_size", 128},
                    {"modules_to_not_convert", nullptr},
                    {"quant_method", "awq"},
                    {"version", "gemm"},
                    {"zero_point", true}};
  CHECK(is_awq_or_gptq(model(awq)));
  CHECK(text(awq) == "awq, 4 bits, groups of 128, asymmetric");
  CHECK(
      text({{"quant_method", "awq"}, {"w_bit", 4}, {"q_group_size", 64}, {"zero_point", false}}) ==
      "awq, 4 bits, groups of 64, symmetric");
}

TEST_CASE("quantization_config of AutoGPTQ and GPTQModel") {
  json gptq = {{"bits", 3},
               {"group_size", 32},
               {"desc_act", true},
               {"sym", true},
               {"quant_method", "gptq"},
               {"damp_percent", 0.01},
               {"dynamic", json::object()}};
  CHECK(is_awq_or_gptq(model(gptq)));
  CHECK(text(gptq) == "gptq, 3 bits, groups of 32, symmetric, reordered, zero points less one");
  gptq["checkpoint_format"] = "gptq_v2";
  gptq["group_size"] = -1;
  CHECK(text(gptq) == "gptq, 3 bits, channels, symmetric, reordered");
  CHECK(text({{"quant_method", "gptq"}}) ==
        "gptq, 4 bits, groups of 128, asymmetric, zero points less one");
}

TEST_CASE("as compressed-tensors describes them") {
  AwqGptqConfig const config{.bits = 8, .group_size = 64, .reordered = true};
  auto const args = config.args();
  CHECK(args.num_bits == 8);
  CHECK(args.type == "int");
  CHECK_FALSE(args.symmetric);
  CHECK(args.strategy == "group");
  CHECK(args.group_size == 64);
  CHECK(args.is_reordered());
  CHECK(AwqGptqConfig{.group_size = -1}.args().strategy == "channel");
}

TEST_CASE("other methods are not theirs") {
  CHECK_FALSE(is_awq_or_gptq(model({{"quant_method", "compressed-tensors"}})));
  CHECK_FALSE(is_awq_or_gptq(model({{"bits", 4}})));
  CHECK_FALSE(is_awq_or_gptq(model("awq")));
  CHECK_FALSE(is_awq_or_gptq(json::object()));
  CHECK_FALSE(is_awq_or_gptq(json{}));
}

TEST_CASE("layouts that are not read, and values that make no sense, are refused by name") {
  auto const awq = [](char const* key, json const& value) {
    return text({{"quant_method", "awq"}, {key, value}});
  };
  auto const gptq = [](char const* key, json const& value) {
    return text({{"quant_method", "gptq"}, {key, value}});
  };
  auto const starts = [](std::string const& found, std::string const& expected) {
    CHECK(found.substr(0, expected.size()) == expected);
  };
  std::string const config = ": config.json: quantization_config.";
  starts(awq("version", "gemv"), "unsupported" + config + "version: got '\"gemv\"'");
  starts(awq("backend", "llm-awq"), "unsupported" + config + "backend: got '\"llm-awq\"'");
  starts(awq("bits", 3), "config_invalid" + config + "bits: got '3', expected 4");
  starts(awq("bits", "4"), "config_invalid" + config + "bits: got '\"4\"', expected an integer");
  starts(awq("zero_point", 1), "config_invalid" + config + "zero_point: got '1'");
  starts(awq("q_group_size", 0), "config_invalid" + config + "q_group_size: got '0'");
  starts(gptq("bits", 5), "config_invalid" + config + "bits: got '5', expected 2, 3, 4 or 8");
  starts(gptq("group_size", -2), "config_invalid" + config + "group_size: got '-2'");
  starts(gptq("group_size", ~uint64_t{0}),  // which is -1 where it wraps
         "config_invalid" + config + "group_size: got '18446744073709551615'");
  starts(gptq("group_size", 1.5), "config_invalid" + config + "group_size: got '1.5'");
  starts(gptq("checkpoint_format", "marlin"),
         "unsupported" + config + "checkpoint_format: got '\"marlin\"'");
  starts(gptq("is_marlin_format", true), "unsupported" + config + "is_marlin_format: got 'true'");
  starts(gptq("dynamic", {{"+:.*", {{"bits", 8}}}}), "unsupported" + config + "dynamic: got");
}
