// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/calibration/importance.hpp>
#include <qfmt/exec/thread_pool.hpp>
#include <qfmt/io/compressed_tensors.hpp>
#include <qfmt/oneshot/model_free.hpp>
#include <qfmt/oneshot/oneshot.hpp>

#include "oneshot/oneshot_models.hpp"

using namespace qfmt;
using namespace qfmt::oneshot;
using test::MlpModel;

namespace qfmt::test {

Result<OneshotReport> run_oneshot(calibration::ModelRef model, OneshotJob const& job,
                                  std::span<calibration::Batch const> batches, int threads) {
  ThreadPool pool{threads};
  return oneshot::oneshot(std::move(model), job, batches, calibration::ErasedExecutor{pool});
}

}  // namespace qfmt::test

namespace {

std::string contents(std::filesystem::path const& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

std::string one(std::string const& type, std::string const& fields) {
  return R"({"quant_stage": {"quant_modifiers": {")" + type + R"(": {)" + fields + "}}}}";
}

struct Fixture {
  samples::TemporaryFolder folder;
  MlpModel model;
  std::vector<calibration::Batch> batches{MlpModel::batch(100, 1), MlpModel::batch(80, 2)};

  Fixture() { test::write_checkpoint(model, folder / "in"); }

  Result<OneshotReport> run(std::string const& recipe, std::string const& out = "out",
                            int threads = 1) {
    auto parsed = Recipe::parse(recipe, "recipe");
    if (!parsed)
      return parsed.error();
    OneshotJob job;
    job.input = folder / "in";
    job.output = folder / out;
    job.recipe = *parsed;
    job.schemes = test::schemes();
    job.measures_outputs = true;
    return test::run_oneshot(calibration::ModelRef{model}, job, batches, threads);
  }
};

io::Checkpoint open(std::filesystem::path const& path) {
  auto checkpoint = io::Checkpoint::open(path);
  REQUIRE_MESSAGE(checkpoint, checkpoint.error().to_string());
  return *std::move(checkpoint);
}

}  // namespace

TEST_CASE("rounding to nearest writes the bytes of the tool") {
  Fixture f;
  f.batches.clear();
  auto const report = f.run(one("QuantizationModifier", R"("scheme": "w4a16_g32")"));
  REQUIRE_MESSAGE(report, report.error().to_string());
  CHECK(report->layers.size() == 6);
  CHECK(report->layers[5].layer == "blocks.1.down_proj");
  CHECK(report->output_bytes > 0);

  Serial const serial;
  ModelFreeJob const job{f.folder / "in", f.folder / "tool", {}, {}, {}, {}};
  auto const tool = quantize_checkpoint<test::W4A16_G32, profile::CompressedTensors>(job, serial);
  REQUIRE_MESSAGE(tool, tool.error().to_string());
  for (std::string const file : {"model.safetensors", "config.json"})
    CHECK(contents(f.folder / "out" / file) == contents(f.folder / "tool" / file));
}

TEST_CASE("GPTQ: the checkpoint holds what the model computes with, and the recipe") {
  Fixture f;
  auto const report =
      f.run(one("GPTQModifier", R"("scheme": "W4A16_G32", "ignore": ["blocks.0.up_proj"])"));
  REQUIRE_MESSAGE(report, report.error().to_string());
  REQUIRE(report->layers.size() == 5);
  for (auto const& layer : report->layers) {
    CHECK(layer.tokens == 180);
    CHECK(layer.output_error < layer.output_error_rounded);
  }
  auto const checkpoint = open(f.folder / "out");
  auto const layers = f.model.layers();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (i == 1)
      continue;
    auto const layer = io::load_layer<test::W4A16_G32::Weights>(
        checkpoint, io::CompressedFormat::pack_quantized, layers[i].name);
    REQUIRE_MESSAGE(layer, layer.error().to_string());
    auto const weight = *f.model.weight(i);
    CHECK(std::get<0>(weight.values)[65] ==
          layer->view()(65 / layers[i].shape.cols, 65 % layers[i].shape.cols));
  }
  CHECK(checkpoint.find("blocks.0.up_proj.weight") != nullptr);
  auto const& config = checkpoint.config()["quantization_config"];
  CHECK(config["config_groups"]["group_0"]["weights"]["actorder"] == "static");
  CHECK(config["ignore"] == nlohmann::json{"blocks.0.up_proj", "lm_head"});
  auto const recipe = Recipe::parse(contents(f.folder / "out" / "recipe.yaml"), "recipe.yaml");
  REQUIRE(recipe);
  CHECK(std::get<GptqRecipe>(recipe->stages[0].modifiers[0]).dampening_frac == 0.01);
}

TEST_CASE("static inputs are stored beside the weights") {
  Fixture f;
  auto const report = f.run(one("GPTQModifier", R"("config_groups": {
      "a": {"targets": ["re:.*down_proj"], "weights": {"num_bits": 8, "type": "float",
        "strategy": "tensor"}, "input_activations": {"num_bits": 8, "type": "float",
        "strategy": "tensor"}},
      "b": {"targets": ["Linear"], "weights": {"num_bits": 4, "type": "float", "group_size": 16,
        "strategy": "tensor_group"}, "input_activations": {"num_bits": 4, "type": "float",
        "group_size": 16, "strategy": "tensor_group", "dynamic": "local"}}})"));
  REQUIRE_MESSAGE(report, report.error().to_string());
  auto const checkpoint = open(f.folder / "out");
  auto const global = [&](std::string const& module) {
    auto const scale = io::load_activation(checkpoint, module, io::ActivationSite::input);
    REQUIRE_MESSAGE(scale, scale.error().to_string());
    REQUIRE(*scale);
    return **scale;
  };
  // The input of the first block is what the batches hold.
  float largest = 0.0f;
  for (auto const& batch : f.batches)
    for (float const x : batch.inputs.at("x")->values) largest = std::max(largest, std::abs(x));
  CHECK(global("blocks.0.gate_proj").global_scale == 2688.0f / largest);
  CHECK(global("blocks.0.up_proj") == global("blocks.0.gate_proj"));
  CHECK(global("blocks.1.down_proj").scales.size() == 1);
  CHECK(checkpoint.config()["quantization_config"]["config_groups"].size() == 2);
}

TEST_CASE("a search finds the scales") {
  Fixture f, plain;
  auto const recipe = [](std::string const& more) {
    return one("QuantizationModifier", R"("scheme": "NVFP4")" + more);
  };
  auto const searched = f.run(recipe(R"(, "weight_observer": "scale_sweep")"));
  auto const rounded = plain.run(recipe(""));
  REQUIRE_MESSAGE(searched, searched.error().to_string());
  REQUIRE(rounded);
  CHECK(searched->layers[0].weight.noise < rounded->layers[0].weight.noise);
  CHECK(open(f.folder / "out")
            .config()["quantization_config"]["config_groups"]["group_0"]["weights"]["observer"] ==
        "scale_sweep");
}

TEST_CASE("a search weighs columns by the inputs of their layer") {
  using Found =
      with_profile<with_observer<test::W4A16_G32::Weights, ImatrixMse>, profile::CompressedTensors>;
  Fixture f;
  // Columns that matter, and columns that do not.
  ColumnImportance seen{static_cast<std::size_t>(MlpModel::hidden)};
  for (auto& batch : f.batches) {
    auto x = *batch.inputs.at("x");
    for (index_t i = 0; i < x.shape.size(); ++i)
      x.values[static_cast<std::size_t>(i)] *= i % MlpModel::hidden % 3 == 0 ? 10.0f : 0.1f;
    REQUIRE(observe_importance<float>(seen, x.view()));
    batch.inputs["x"] = std::make_shared<calibration::Activation>(std::move(x));
  }
  auto const weight = *f.model.weight(0);
  MatrixView<float const> const view{std::get<0>(weight.values).data(), weight.shape};
  auto const importance = Importance::from(seen.means());
  REQUIRE(importance);
  auto const weighed = quantize<Found, float>(view, Serial{}, *importance);
  auto const uniform = quantize<Found, float>(view, Serial{});
  REQUIRE(weighed);
  REQUIRE(uniform);

  std::string const recipe =
      one("QuantizationModifier", R"("scheme": "W4A16_G32", "weight_observer": "imatrix_mse")");
  auto const report = f.run(recipe);
  REQUIRE_MESSAGE(report, report.error().to_string());
  auto const checkpoint = open(f.folder / "out");
  auto const stored = io::load_layer<test::W4A16_G32::Weights>(
      checkpoint, io::CompressedFormat::pack_quantized, "blocks.0.gate_proj");
  REQUIRE_MESSAGE(stored, stored.error().to_string());
  CHECK(stored->scales == weighed->scales);
  CHECK(stored->codes == weighed->codes);
  CHECK(weighed->scales != uniform->scales);
  CHECK(checkpoint.config()["quantization_config"]["config_groups"]["group_0"]["weights"]
                           ["observer"] == "imatrix_mse");
  f.batches.clear();
  CHECK(f.run(recipe, "without").status() == Status::calibration_empty);
}

TEST_CASE("threads change no byte") {
  Fixture a, b;
  std::string const recipe = one("GPTQModifier", R"("scheme": "NVFP4")");
  REQUIRE(a.run(recipe, "out", 1));
  REQUIRE(b.run(recipe, "out", 3));
  CHECK(contents(a.folder / "out" / "model.safetensors") ==
        contents(b.folder / "out" / "model.safetensors"));
}

TEST_CASE("what goes wrong is named, and leaves nothing behind") {
  auto const status = [](std::string const& recipe, auto const& change) {
    Fixture f;
    change(f);
    auto const report = f.run(recipe);
    CHECK(!std::filesystem::exists(f.folder / "out"));
    CHECK(f.folder.names() == std::vector<std::string>{"in"});
    return report.status();
  };
  auto const as_it_is = [](Fixture&) {};
  auto const without_data = [](Fixture& f) { f.batches.clear(); };
  std::string const gptq = one("GPTQModifier", R"("scheme": "W4A16_G32")");
  CHECK(status(gptq, without_data) == Status::calibration_empty);
  CHECK(status(one("QuantizationModifier", R"("scheme": "NVFP4")"), without_data) ==
        Status::calibration_empty);
  CHECK(status(gptq, [](Fixture& f) {
          auto x = *f.batches[1].inputs.at("x");
          x.values[77] = __builtin_nanf("");
          f.batches[1].inputs["x"] = std::make_shared<calibration::Activation>(x);
        }) == Status::nonfinite_activation);
  CHECK(status(one("GPTQModifier", R"("scheme": "W5A16")"), as_it_is) == Status::unknown_scheme);
  CHECK(status(one("GPTQModifier", R"("scheme": "FP8", "weight_observer": "mse")"), as_it_is) ==
        Status::unknown_scheme);
  CHECK(status(one("GPTQModifier", R"("scheme": "FP8", "targets": ["re:nothing"])"), as_it_is) ==
        Status::nothing_to_do);
  CHECK(status(one("GPTQModifier", R"("scheme": "FP8", "targets": ["re:("])"), as_it_is) ==
        Status::pattern_invalid);
  CHECK(status(one("GPTQModifier", R"("scheme": "FP8", "actorder": "group")"), as_it_is) ==
        Status::unsupported);
  CHECK(status(R"({"a_stage": {"a_modifiers": {}}})", as_it_is) == Status::nothing_to_do);
  CHECK(status(R"({"a_stage": {"a_modifiers": {"GPTQModifier": {"scheme": "FP8"},
    "QuantizationModifier": {"scheme": "FP8"}}}})",
               as_it_is) == Status::unsupported);
}

TEST_CASE("a checkpoint with layers that the model does not have") {
  Fixture f;
  f.model = MlpModel{1};
  auto const report = f.run(one("GPTQModifier", R"("scheme": "W4A16_G32")"));
  CHECK(report.status() == Status::config_invalid);
  CHECK(report.error().message.find("'blocks.1.down_proj'") != std::string::npos);
}
