// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cstring>
#include <doctest/doctest.h>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "llama/evaluate.hpp"
#include "llama/generate.hpp"
#include "support/environment.hpp"

using namespace qfmt;
using llama::Token;
namespace fs = std::filesystem;

namespace {

fs::path bundled_model() {
  return fs::path{QFMT_TEST_FIXTURES} / "../../examples/llama/model";
}

std::string contents(fs::path const& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

nlohmann::json training_record() {
  return nlohmann::json::parse(contents(bundled_model() / "training.json"));
}

std::string generated(fs::path const& directory, std::string const& prompt, index_t tokens) {
  ThreadPool threads{2};
  auto const model = llama::Model::load(directory);
  REQUIRE_MESSAGE(model, model.error().to_string());
  auto const tokenizer = llama::Tokenizer::load(directory, model->config());
  REQUIRE_MESSAGE(tokenizer, tokenizer.error().to_string());
  std::string text;
  auto const done = llama::generate(*model, *tokenizer, prompt, tokens, threads,
                                    [&text](std::string_view piece) { text += piece; });
  REQUIRE(done);
  return text;
}

/// A copy of the bundled model's directory, with another config.json, removed at the end.
class ModelWithConfig {
 public:
  explicit ModelWithConfig(nlohmann::json const& changes) {
    fs::create_directories(path_);
    fs::copy_file(bundled_model() / "model.safetensors", path_ / "model.safetensors",
                  fs::copy_options::overwrite_existing);
    auto config = nlohmann::json::parse(contents(bundled_model() / "config.json"));
    config.update(changes);
    std::ofstream{path_ / "config.json"} << config;
  }
  ~ModelWithConfig() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ModelWithConfig(ModelWithConfig const&) = delete;
  ModelWithConfig& operator=(ModelWithConfig const&) = delete;

  [[nodiscard]] fs::path const& path() const { return path_; }

 private:
  fs::path path_ = fs::temp_directory_path() / ("qfmt_llama." + std::to_string(::getpid()));
};

bool same_bits(llama::Matrix const& a, index_t first_row, llama::Matrix const& b) {
  std::size_t const bytes = static_cast<std::size_t>(b.shape().size()) * sizeof(float);
  return a.shape().cols == b.shape().cols && std::memcmp(a.row(first_row), b.row(0), bytes) == 0;
}

}  // namespace

TEST_CASE("a published model prints its text") {
  auto const data = test::shared_data();
  if (!data) {
    test::skip("QFMT_SHARED_DATA is not set: stories260k");
    return;
  }
  CHECK(
      generated(*data / "stories260k", "", 256) ==
      "Once upon a time, there was a little girl named Lily. She loved to play outside in the "
      "park. "
      "One day, she saw a big, red ball. She wanted to play with it, but it was too high.\n"
      "Lily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to do. "
      "She "
      "said, \"I want to play with your ball, but I can't find it.\"\n"
      "Lily was sad and didn't know what to do. She said, \"I'm sorry, Lily. I didn't know what to "
      "do.\"\n"
      "Lily didn't want to help her mom, so she said, \"I'm sorry, mom. I didn't know what to "
      "do.\" "
      "Her mom said, \"Don't worry, Lily. We can help you.");
}

TEST_CASE("scored pieces: what is encoded is decoded, in the pieces of llama2.c") {
  auto const data = test::shared_data();
  if (!data) {
    test::skip("QFMT_SHARED_DATA is not set: stories260k");
    return;
  }
  llama::Config config;
  config.vocab_size = 512;
  auto const tokenizer = llama::Tokenizer::load(*data / "stories260k", config);
  REQUIRE(tokenizer);
  for (std::string const text : {"Once upon a time, Lily", "\xE2\x82\xAC 5", "  \n", ""}) {
    std::string decoded;
    for (Token const token : tokenizer->encode(text)) decoded += tokenizer->piece(token);
    CHECK(decoded == (text.empty() ? "" : " ") + text);
  }
  CHECK(tokenizer->encode("Once upon a time").size() < 16);
}

TEST_CASE("the bundled model continues a prompt as its training script saw it") {
  auto const record = training_record()["greedy_bf16"];
  std::string const prompt = record["prompt"];
  std::string const continuation = record["continuation"];
  auto const count = static_cast<index_t>(continuation.size());
  CHECK(generated(bundled_model(), prompt, count) == prompt + continuation);
}

TEST_CASE("the bundled model predicts as well as its training script measured") {
  ThreadPool threads{2};
  auto const bits =
      llama::bits_per_byte(bundled_model(), contents(bundled_model() / "held_out.txt"), threads);
  REQUIRE(bits);
  double const recorded = training_record()["held_out"]["bits_per_byte_bf16"];
  CHECK(*bits == doctest::Approx(recorded).epsilon(1e-4));
}

TEST_CASE("how a text is read does not change what is computed") {
  ThreadPool alone{1};
  ThreadPool threads{3};
  auto const model = llama::Model::load(bundled_model());
  REQUIRE(model);
  std::vector<Token> tokens;
  for (char const c : contents(bundled_model() / "held_out.txt").substr(0, 200))
    tokens.push_back(static_cast<Token>(c));
  std::span<Token const> const all{tokens};

  llama::Sequence at_once{model->config(), 200};
  auto const expected = model->read({&at_once, 1}, all, alone);
  REQUIRE(expected);

  SUBCASE("in pieces") {
    llama::Sequence text{model->config(), 300};
    for (std::size_t const piece : {1u, 99u, 70u, 1u, 1u, 28u}) {
      auto const first = text.length();
      auto const hidden =
          model->read({&text, 1}, all.subspan(static_cast<std::size_t>(first), piece), threads);
      REQUIRE(hidden);
      CHECK(same_bits(*expected, first, *hidden));
    }
  }
  SUBCASE("beside another") {
    std::vector<llama::Sequence> texts(2, llama::Sequence{model->config(), 200});
    std::vector<Token> both(200, 'x');
    both.insert(both.end(), tokens.begin(), tokens.end());
    auto const hidden = model->read(texts, both, threads);
    REQUIRE(hidden);
    CHECK(same_bits(*hidden, 200, *expected));
  }
}

TEST_CASE("a text need not be whole windows") {
  ThreadPool threads{2};
  auto const model = llama::Model::load(bundled_model());
  REQUIRE(model);
  std::string const text = contents(bundled_model() / "held_out.txt").substr(0, 600);
  auto const bits = [&](std::size_t first, std::size_t count) {
    auto const mean = llama::bits_per_byte(*model, text.substr(first, count), threads);
    REQUIRE(mean);
    return *mean * static_cast<double>(count);
  };
  CHECK(bits(0, 600) == doctest::Approx(bits(0, 256) + bits(256, 256) + bits(512, 88)));
  CHECK(bits(0, 1) > 0.0);
  CHECK(llama::bits_per_byte(*model, "", threads).status() == Status::invalid_argument);
}

TEST_CASE("a model that cannot be run is refused by name") {
  using Json = nlohmann::json;
  auto const error = [](Json const& changes) {
    ModelWithConfig const model{changes};
    auto const loaded = llama::Model::load(model.path());
    return loaded ? std::string{"ok"} : loaded.error().to_string();
  };
  auto const contains = [](std::string const& text, std::string const& status,
                           std::string const& subject) {
    CAPTURE(text);
    CHECK(text.starts_with(status + ": "));
    CHECK(text.find(subject) != std::string::npos);
  };
  CHECK(error(Json::object()) == "ok");
  contains(error({{"hidden_size", nullptr}}), "config_invalid", "hidden_size is missing");
  contains(error({{"hidden_size", "many"}}), "config_invalid", "hidden_size");
  contains(error({{"hidden_size", -128}}), "config_invalid", "hidden_size");
  contains(error({{"head_dim", 31}}), "config_invalid", "head_dim");
  contains(error({{"num_key_value_heads", 3}}), "config_invalid", "num_key_value_heads");
  contains(error({{"rms_norm_eps", 1e300}}), "config_invalid", "rms_norm_eps");
  contains(error({{"bos_token_id", 256}}), "config_invalid", "bos_token_id");
  contains(error({{"hidden_act", "gelu"}}), "unsupported", "hidden_act");
  contains(error({{"attention_bias", true}}), "unsupported", "attention_bias");
  contains(error({{"rope_scaling", {{"rope_type", "llama3"}}}}), "unsupported", "rope_scaling");
  contains(error({{"rope_parameters", {{"rope_type", "yarn"}}}}), "unsupported", "rope_type");
  contains(error({{"hidden_size", 64}}), "shape_mismatch", "model.embed_tokens.weight");
  contains(error({{"num_hidden_layers", 5}}), "checkpoint_incomplete",
           "model.layers.4.input_layernorm.weight");
  contains(error({{"tie_word_embeddings", false}}), "checkpoint_incomplete", "lm_head.weight");
  contains(error({{"quantization_config", {{"quant_method", "other"}}}}), "config_invalid",
           "quant_method");

  auto const missing = llama::Model::load(bundled_model() / "no such directory");
  CHECK_FALSE(missing);
}

TEST_CASE("rope_theta is found in both places") {
  auto config = nlohmann::json::parse(contents(bundled_model() / "config.json"));
  config["rope_theta"] = 5e5;
  CHECK(llama::parse_config(config)->rope_theta == 5e5);
  config.erase("rope_theta");
  CHECK(llama::parse_config(config)->rope_theta == 1e4);
  config["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 1e6}};
  CHECK(llama::parse_config(config)->rope_theta == 1e6);
}

TEST_CASE("tokens that the model does not have, and too many of them, are refused") {
  ThreadPool threads{1};
  auto const model = llama::Model::load(bundled_model());
  REQUIRE(model);
  llama::Sequence text{model->config(), 4};
  for (std::vector<Token> const& tokens : {std::vector<Token>{256}, {-1}, {}, {1, 2, 3, 4, 5}}) {
    CHECK(model->read({&text, 1}, tokens, threads).status() == Status::invalid_argument);
  }
  CHECK(text.length() == 0);
  CHECK(model->read({&text, 1}, std::vector<Token>{1, 2, 3, 4}, threads));
  CHECK(text.length() == 4);
}
