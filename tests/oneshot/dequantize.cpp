// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <fstream>
#include <io/memory_source.hpp>
#include <io/samples.hpp>
#include <support/environment.hpp>

#include <qfmt/oneshot/dequantize.hpp>

using nlohmann::json;
using qfmt::Status;
using qfmt::io::Dtype;
using qfmt::oneshot::dequantize_checkpoint;
using qfmt::oneshot::DequantizeJob;
using samples::MemorySource;
namespace fs = std::filesystem;

namespace {

fs::path fixture(char const* name) {
  return qfmt::test::fixtures() / "compressed_tensors" / name;
}

/// A fixture as a model directory, with its configuration changed.
template <class Change>
void copy_fixture(char const* name, fs::path const& to, Change&& change) {
  fs::create_directory(to);
  fs::copy_file(fixture(name) / "model.safetensors", to / "model.safetensors");
  json config = json::parse(samples::read(fixture(name) / "config.json"));
  change(config);
  std::ofstream{to / "config.json"} << config.dump();
}
void copy_fixture(char const* name, fs::path const& to) {
  copy_fixture(name, to, [](json&) {});
}

std::string refused(fs::path const& input, fs::path const& output, Status status,
                    std::string const& what) {
  DequantizeJob job;
  job.input = input;
  job.output = output;
  auto const report = dequantize_checkpoint(job);
  if (report || fs::exists(output))
    return "it was not refused";
  bool const says = report.error().message.find(what) != std::string::npos;
  return report.status() == status && says ? "" : report.error().to_string();
}

}  // namespace

TEST_CASE("a checkpoint of the package becomes what the package reads from it") {
  for (char const* const name : {"FP8_BLOCK", "W4A16_ASYM", "W8A8", "NVFP4", "MXFP8", "FP8+W4"}) {
    CAPTURE(name);
    samples::TemporaryFolder const folder;
    copy_fixture(name, folder / "in");
    MemorySource const expected{fixture(name) / "expected.safetensors"};
    MemorySource const source{fixture(name) / "source.safetensors"};
    DequantizeJob job;
    job.input = folder / "in";
    job.output = folder / "out";
    // The package reads block formats in BF16; of other schemes the dtype is that of the scales.
    if (std::string{name} == "NVFP4" || std::string{name} == "MXFP8")
      job.dtype = Dtype::BF16;
    auto const report = dequantize_checkpoint(job);
    REQUIRE(report.ok());
    CHECK(report->layers.size() == expected.tensors().size());
    CHECK(report->dropped.size() == (std::string{name} == "NVFP4" ? 5 : 0));
    MemorySource const dense{folder / "out" / "model.safetensors"};
    CHECK(dense.tensors().size() == source.tensors().size());
    for (auto const& [tensor, original] : source.tensors()) {
      bool const was_quantized = expected.contains(tensor);
      auto const& wanted = was_quantized ? expected.at(tensor) : original;
      REQUIRE(dense.contains(tensor));
      CHECK(dense.at(tensor).info.dtype == wanted.info.dtype);
      CHECK(dense.at(tensor).info.shape == wanted.info.shape);
      CHECK(dense.at(tensor).bytes == wanted.bytes);
    }
    json const config = json::parse(samples::read(folder / "out" / "config.json"));
    CHECK_FALSE(config.contains("quantization_config"));
    CHECK(config["model_type"] == "llama");
  }
}

TEST_CASE("the dtype is that of the model, or the one that is asked for") {
  samples::TemporaryFolder const folder;
  copy_fixture("MXFP8", folder / "in");  // float16, says its config.json
  DequantizeJob job;
  job.input = folder / "in";
  job.output = folder / "auto";
  REQUIRE(dequantize_checkpoint(job).ok());
  job.output = folder / "wide";
  job.dtype = Dtype::F32;
  REQUIRE(dequantize_checkpoint(job).ok());
  std::string const tensor = "model.layers.0.self_attn.q_proj.weight";
  CHECK(MemorySource{folder / "auto" / "model.safetensors"}.at(tensor).info.dtype == Dtype::F16);
  CHECK(MemorySource{folder / "wide" / "model.safetensors"}.at(tensor).info.dtype == Dtype::F32);
}

TEST_CASE("what cannot be read is refused, and nothing is left") {
  samples::TemporaryFolder const folder;
  auto const out = folder / "out";
  copy_fixture("W8A8", folder / "plain", [](json& config) { config.erase("quantization_config"); });
  CHECK(refused(folder / "plain", out, Status::config_invalid, "quantization_config: not found") ==
        "");
  copy_fixture("W8A8", folder / "turned", [](json& config) {
    config["quantization_config"]["transform_config"] = {{"config_groups", json::object()}};
  });
  CHECK(refused(folder / "turned", out, Status::config_invalid, ".transform_config: got") == "");
  copy_fixture("W8A8", folder / "other", [](json& config) {
    config["quantization_config"]["config_groups"]["group_0"]["targets"] = {"re:.*mlp"};
  });
  CHECK(refused(folder / "other", out, Status::config_invalid,
                "_proj': got a weight_scale, but no group of config.json has its weights") == "");
  copy_fixture("W8A8", folder / "format", [](json& config) {
    config["quantization_config"]["config_groups"]["group_0"]["format"] = "new";
  });
  CHECK(refused(folder / "format", out, Status::config_invalid, "got 'new' for layer") == "");
  copy_fixture("W8A8", folder / "bits", [](json& config) {
    config["quantization_config"]["config_groups"]["group_0"]["weights"]["num_bits"] = 4;
  });
  CHECK(refused(folder / "bits", out, Status::code_out_of_range, "expected a code of INT4") == "");
  CHECK(refused(folder / "absent", out, Status::io_open, "absent") == "");
}

TEST_CASE("numbers that the dtype does not hold are refused") {
  samples::TemporaryFolder const folder;
  copy_fixture("W8A8", folder / "in");
  fs::path const file = folder / "in" / "model.safetensors";
  std::string bytes = samples::read(file);
  auto const opened = qfmt::io::SafetensorsFile::open(file);
  auto const* const scale = opened->find("model.layers.0.self_attn.q_proj.weight_scale");
  REQUIRE(scale != nullptr);
  REQUIRE(scale->dtype == Dtype::F16);
  bytes.replace(opened->data_begin() + scale->begin, 2, "\xFF\x7B", 2);  // 65504
  std::ofstream{file} << bytes;

  DequantizeJob job;
  job.input = folder / "in";
  job.output = folder / "out";
  job.dtype = Dtype::F16;
  auto const refused = dequantize_checkpoint(job);
  CHECK(refused.status() == Status::nonfinite_weight);
  CHECK(refused.error().message.find("q_proj': row 0, column ") != std::string::npos);
  CHECK_FALSE(fs::exists(job.output));
  job.dtype = Dtype::BF16;
  CHECK(dequantize_checkpoint(job).ok());
}
