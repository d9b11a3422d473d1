// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <fstream>
#include <io/memory_source.hpp>
#include <io/samples.hpp>
#include <support/environment.hpp>

#include <qfmt/oneshot/convert.hpp>
#include <qfmt/oneshot/dequantize.hpp>

using nlohmann::json;
using qfmt::Status;
using qfmt::oneshot::convert_checkpoint;
using qfmt::oneshot::ConvertJob;
using qfmt::oneshot::dequantize_checkpoint;
using qfmt::oneshot::DequantizeJob;
using samples::MemorySource;
namespace fs = std::filesystem;

namespace {

fs::path awq() {
  return qfmt::test::fixtures() / "awq";
}

/// A copy of the fixture, with its configuration changed.
template <class Change>
void copy_fixture(fs::path const& to, Change&& change) {
  fs::create_directory(to);
  fs::copy_file(awq() / "model.safetensors", to / "model.safetensors");
  json config = json::parse(samples::read(awq() / "config.json"));
  change(config);
  std::ofstream{to / "config.json"} << config.dump();
}

std::string refused(fs::path const& input, fs::path const& output, Status status,
                    std::string const& what) {
  ConvertJob job;
  job.input = input;
  job.output = output;
  auto const report = convert_checkpoint(job);
  if (report || fs::exists(output))
    return "it was not refused";
  bool const says = report.error().message.find(what) != std::string::npos;
  return report.status() == status && says ? "" : report.error().to_string();
}

std::string dequantized(fs::path const& input, fs::path const& output) {
  DequantizeJob job;
  job.input = input;
  job.output = output;
  auto const report = dequantize_checkpoint(job);
  REQUIRE_MESSAGE(report, report.error().to_string());
  CHECK(report->layers.size() == 3);
  CHECK(report->dropped.empty());
  return samples::read(output / "model.safetensors");
}

}  // namespace

TEST_CASE("a checkpoint of AutoAWQ becomes what compressed-tensors makes of it, byte for byte") {
  samples::TemporaryFolder const folder;
  copy_fixture(folder / "in", [](json&) {});
  ConvertJob job;
  job.input = folder / "in";
  job.output = folder / "out";
  auto const report = convert_checkpoint(job);
  REQUIRE_MESSAGE(report, report.error().to_string());
  CHECK(report->layers.size() == 3);
  MemorySource const expected{awq() / "expected.safetensors"};
  MemorySource const found{folder / "out" / "model.safetensors"};
  CHECK(found.tensors().size() == expected.tensors().size());
  for (auto const& [name, tensor] : expected.tensors()) {
    CAPTURE(name);
    REQUIRE(found.contains(name));
    CHECK(found.at(name).info.dtype == tensor.info.dtype);
    CHECK(found.at(name).info.shape == tensor.info.shape);
    CHECK(found.at(name).bytes == tensor.bytes);
  }
  auto const config = qfmt::io::parse_quantization_config(
      json::parse(samples::read(folder / "out" / "config.json")));
  REQUIRE(config.ok());
  CHECK(config->format == "pack-quantized");
  CHECK(config->groups.front().weights->group_size == 64);
  CHECK_FALSE(config->groups.front().weights->symmetric);
  CHECK(config->ignore == std::vector<std::string>{"lm_head", "model.layers.0.self_attn.o_proj"});

  // Dense from either, the same numbers.
  CHECK(dequantized(folder / "in", folder / "a") == dequantized(folder / "out", folder / "b"));
}

TEST_CASE("what cannot be converted is refused, and nothing is left behind") {
  samples::TemporaryFolder const folder;
  auto const out = folder / "out";
  copy_fixture(folder / "version",
               [](json& c) { c["quantization_config"]["version"] = "gemv_fast"; });
  CHECK(refused(folder / "version", out, Status::unsupported, "version: got '\"gemv_fast\"'") ==
        "");
  copy_fixture(folder / "method",
               [](json& c) { c["quantization_config"]["quant_method"] = "bitsandbytes"; });
  CHECK(refused(folder / "method", out, Status::config_invalid, "quant_method") == "");
  copy_fixture(folder / "dense", [](json& c) { c.erase("quantization_config"); });
  CHECK(refused(folder / "dense", out, Status::config_invalid, "quant_method") == "");
  copy_fixture(folder / "group", [](json& c) { c["quantization_config"]["group_size"] = 80; });
  CHECK(refused(folder / "group", out, Status::block_not_divisor, "192 inputs") == "");
  copy_fixture(folder / "symmetric",
               [](json& c) { c["quantization_config"]["zero_point"] = false; });
  CHECK(refused(folder / "symmetric", out, Status::checkpoint_ambiguous, "zero point") == "");
}
