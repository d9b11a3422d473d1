// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#ifdef QFMT_LLAMA_ONESHOT

#include <doctest/doctest.h>
#include <fstream>
#include <iterator>
#include <set>
#include <unistd.h>

#include "io/child_process.hpp"
#include "llama/calibration.hpp"
#include "llama/evaluate.hpp"
#include "llama/oneshot.hpp"
#include "llama/sample.hpp"

using namespace qfmt;
namespace fs = std::filesystem;

namespace {

fs::path bundled_model() {
  return fs::path{QFMT_TEST_FIXTURES} / "../../examples/llama/model";
}

std::string contents(fs::path const& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// A folder with a text that the model has made up; removed at the end.
class Workshop {
 public:
  Workshop() {
    fs::create_directories(path_);
    auto const model = llama::Model::load(bundled_model());
    REQUIRE(model);
    auto const tokenizer = llama::Tokenizer::load(bundled_model(), model->config());
    REQUIRE(tokenizer);
    auto const texts = llama::sample(*model, *tokenizer, {.texts = 16, .tokens = 127}, threads_);
    REQUIRE(texts);
    std::ofstream file{path_ / "text"};
    for (std::string const& text : *texts) file << text << "\n\n";
  }
  ~Workshop() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Workshop(Workshop const&) = delete;
  Workshop& operator=(Workshop const&) = delete;

  Result<oneshot::OneshotReport> quantize(std::string const& modifier, std::string const& fields,
                                          std::string const& out, bool with_data = true,
                                          std::string const& transforms = {}) {
    return run({},
               R"({"quant_stage": {"quant_modifiers": {)" + transforms + '"' + modifier +
                   R"(": {)" + fields + "}}}}",
               out, with_data);
  }

  Result<oneshot::OneshotReport> run(llama::OneshotOptions options, std::string const& recipe,
                                     std::string const& out, bool with_data = true,
                                     std::string const& file = "recipe") {
    std::ofstream{path_ / file} << recipe;
    options.recipe = path_ / file;
    if (with_data)
      options.data = path_ / "text";
    options.model = bundled_model();
    options.output = path_ / out;
    options.samples.sequence_length = 128;
    options.samples.batch_size = 4;
    return llama::oneshot(options, threads_);
  }

  double bits(std::string const& out) {
    auto const bits = llama::bits_per_byte(
        path_ / out, contents(bundled_model() / "held_out.txt").substr(0, 8192), threads_);
    REQUIRE_MESSAGE(bits, bits.error().to_string());
    return *bits;
  }

  [[nodiscard]] fs::path operator/(std::string const& name) const { return path_ / name; }

 private:
  ThreadPool threads_{2};
  fs::path path_ = fs::temp_directory_path() / ("qfmt_llama_oneshot." + std::to_string(::getpid()));
};

}  // namespace

TEST_CASE("GPTQ loses less than rounding to nearest, by a text the model has made up") {
  Workshop workshop;
  auto const rounded =
      workshop.quantize("QuantizationModifier", R"("scheme": "W3A16")", "rtn", false);
  REQUIRE_MESSAGE(rounded, rounded.error().to_string());
  auto const report = workshop.quantize("GPTQModifier", R"("scheme": "W3A16")", "gptq");
  REQUIRE_MESSAGE(report, report.error().to_string());
  CHECK(report->layers.size() == 28);
  CHECK(workshop.bits("gptq") < workshop.bits("rtn"));
  CHECK(fs::exists(workshop / "gptq" / "recipe.yaml"));
}

TEST_CASE("a whole NVFP4 checkpoint, with the scales of inputs, runs") {
  Workshop workshop;
  CHECK(workshop.quantize("GPTQModifier", R"("scheme": "NVFP4")", "out", false).status() ==
        Status::calibration_empty);
  CHECK(!fs::exists(workshop / "out"));
  REQUIRE(workshop.quantize("GPTQModifier", R"("scheme": "NVFP4")", "out"));
  CHECK(workshop.bits("out") < 1.1);
  // What is quantized already is not a model to calibrate.
  ThreadPool threads{1};
  CHECK(llama::CalibrationModel::load(workshop / "out", threads).status() == Status::unsupported);
}

TEST_CASE("rotated, smoothed, scaled, and in 8 bits: the model is what it was") {
  Workshop workshop;
  auto const report = workshop.quantize(
      "GPTQModifier", R"("scheme": "W8A8", "kv_cache_scheme": {"num_bits": 8, "type": "float"})",
      "out", true,
      R"("SpinQuantModifier": {}, "SmoothQuantModifier": {}, "AWQModifier": {"n_grid": 4}, )");
  REQUIRE_MESSAGE(report, report.error().to_string());
  auto const checkpoint = io::Checkpoint::open(workshop / "out");
  REQUIRE(checkpoint);
  CHECK(checkpoint->config()["tie_word_embeddings"] == false);
  CHECK(checkpoint->find("lm_head.weight") != nullptr);
  CHECK(checkpoint->find("model.layers.3.self_attn.k_scale") != nullptr);
  std::string const text = contents(bundled_model() / "held_out.txt").substr(0, 8192);
  ThreadPool threads{2};
  auto const before = llama::bits_per_byte(bundled_model(), text, threads);
  REQUIRE(before);
  CHECK(workshop.bits("out") < *before + 0.005);
}

TEST_CASE("activations beyond a budget go to a folder, and change no byte") {
  Workshop workshop;
  std::string const recipe =
      R"({"a_stage": {"a_modifiers": {"QuantizationModifier": {"scheme": "FP8"}}}})";
  llama::OneshotOptions options;
  REQUIRE(workshop.run(options, recipe, "unlimited"));
  options.activation_bytes = 100000;
  auto const refused = workshop.run(options, recipe, "refused");
  CHECK(refused.status() == Status::out_of_memory);
  CHECK(refused.error().message.find("expected at most 100000 in all") != std::string::npos);
  options.spill = workshop / "spill";
  CHECK(workshop.run(options, recipe, "refused").status() == Status::io_open);
  fs::create_directory(options.spill);
  auto const spilled = workshop.run(options, recipe, "spilled");
  REQUIRE_MESSAGE(spilled, spilled.error().to_string());
  CHECK(fs::is_empty(options.spill));
  CHECK(contents(workshop / "spilled" / "model.safetensors") ==
        contents(workshop / "unlimited" / "model.safetensors"));
  // Four samples of 128 tokens of 128 numbers take 262144 bytes.
  int const code = samples::in_child([&] {
    samples::limit_file_size(300000);
    ThreadPool threads{1};
    options.recipe = workshop / "recipe";
    options.data = workshop / "text";
    options.model = bundled_model();
    options.output = workshop / "full";
    options.samples.sequence_length = 128;
    options.samples.batch_size = 4;
    auto const full = llama::oneshot(options, threads);
    if (full.status() != Status::io_no_space)
      return 1;
    if (full.error().message.find("activation 'hidden': ") == std::string::npos)
      return 2;
    return fs::exists(options.output) ? 3 : 0;
  });
  CHECK(code == 0);
  CHECK(fs::is_empty(options.spill));
}

TEST_CASE("a recipe in YAML, where it can be read") {
  Workshop workshop;
  std::string const yaml =
      "a_stage:\n  a_modifiers:\n    QuantizationModifier: {scheme: FP8_DYNAMIC}\n";
  std::string const json =
      R"({"a_stage": {"a_modifiers": {"QuantizationModifier": {"scheme": "FP8_DYNAMIC"}}}})";
  REQUIRE(workshop.run({}, json, "json", false, "r.json"));
  // JSON is YAML, with yaml-cpp and without.
  REQUIRE(workshop.run({}, json, "json_as_yaml", false, "j.yaml"));
  auto const read = workshop.run({}, yaml, "yaml", false, "r.yaml");
#ifdef QFMT_LLAMA_YAML
  REQUIRE_MESSAGE(read, read.error().to_string());
  CHECK(contents(workshop / "yaml" / "recipe.yaml") == contents(workshop / "json" / "recipe.yaml"));
  auto const bad = workshop.run({}, yaml + "  a_modifiers: {}", "bad", false, "r.yml");
  CHECK(bad.status() == Status::duplicate_key);
  CHECK(bad.error().message.find("r.yml: line 4, column 3: ") != std::string::npos);
#else
  CHECK(read.status() == Status::unsupported);
  CHECK(read.error().message.find("yaml-cpp") != std::string::npos);
#endif
  CHECK(workshop.run({}, yaml, "other", false, "r.txt").status() == Status::json_syntax);
}

TEST_CASE("a calibration model computes what the model does") {
  ThreadPool threads{2};
  auto calibrated = llama::CalibrationModel::load(bundled_model(), threads);
  REQUIRE(calibrated);
  auto const model = llama::Model::load(bundled_model());
  REQUIRE(model);
  std::string const text = contents(bundled_model() / "held_out.txt").substr(0, 64);
  auto tokens = std::make_shared<calibration::Activation>();
  tokens->shape = {2, 32};
  std::vector<llama::Token> ids;
  for (char const c : text) {
    tokens->values.push_back(static_cast<float>(c));
    ids.push_back(c);
  }
  calibration::Activations flow{{"tokens", tokens}};
  std::set<std::size_t> inputs;
  for (std::size_t s = 0; s < calibrated->subgraphs(); ++s) {
    auto outputs = calibrated->forward(
        s, flow, [&](std::size_t input, MatrixView<float const> x) -> Result<void> {
          inputs.insert(input);
          CHECK(x.shape.rows == 64);
          return {};
        });
    REQUIRE_MESSAGE(outputs, outputs.error().to_string());
    flow = *std::move(outputs);
  }
  CHECK(inputs.size() == 24);
  // What is left is the last norm: a factor for each row times one for each column.
  std::vector<llama::Sequence> texts(2, llama::Sequence{model->config(), 32});
  auto const hidden = model->read(texts, ids, threads);
  REQUIRE(hidden);
  auto const before = flow.at("hidden")->view();
  auto const factor = [&](index_t r, index_t c) {
    return static_cast<double>(hidden->row(r)[c]) / static_cast<double>(before(r, c));
  };
  for (index_t r = 0; r < 64; ++r)
    for (index_t c = 0; c < 128; ++c)
      CHECK(factor(r, c) * factor(0, 0) ==
            doctest::Approx(factor(r, 0) * factor(0, c)).epsilon(1e-4));
}

TEST_CASE("the same options make up the same texts") {
  ThreadPool alone{1}, threads{3};
  auto const model = llama::Model::load(bundled_model());
  REQUIRE(model);
  auto const tokenizer = llama::Tokenizer::load(bundled_model(), model->config());
  REQUIRE(tokenizer);
  auto const texts = [&](ThreadPool& pool, uint64_t seed, double temperature) {
    auto const made = llama::sample(*model, *tokenizer, {3, 40, temperature, seed}, pool);
    REQUIRE(made);
    return *made;
  };
  CHECK(texts(alone, 1, 0.9) == texts(threads, 1, 0.9));
  CHECK(texts(alone, 1, 0.9) != texts(alone, 2, 0.9));
  CHECK(texts(alone, 1, 0.9)[0] != texts(alone, 1, 0.9)[1]);
  // Cold enough, only the likeliest token is left.
  CHECK(texts(alone, 1, 1e-6)[0] == texts(alone, 2, 1e-6)[1]);
  CHECK(llama::sample(*model, *tokenizer, {1, 512, 0.9, 1}, alone).status() ==
        Status::invalid_argument);
}

#endif
