// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "oneshot.hpp"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>

#include <qfmt/io/file_spill.hpp>

#include "calibration.hpp"
#include "tokenizer.hpp"

#ifdef QFMT_LLAMA_YAML
#include <qfmt/io/yaml.hpp>
#endif

namespace llama {

using namespace qfmt;
namespace fs = std::filesystem;

namespace {

Result<std::string> contents(fs::path const& file) {
  std::ifstream stream{file, std::ios::binary};
  if (!stream)
    return Error{Status::io_open, file.string()};
  return std::string{std::istreambuf_iterator<char>{stream}, {}};
}

/// Recipes end in .yaml or .yml, and are YAML then, which includes JSON; others are JSON.
Result<oneshot::Recipe> load_recipe(fs::path const& file) {
  auto const text = contents(file);
  if (!text)
    return text.error();
  std::string const where = file.string();
  bool const is_yaml = file.extension() == ".yaml" || file.extension() == ".yml";
#ifdef QFMT_LLAMA_YAML
  if (is_yaml) {
    auto const json = io::parse_yaml(*text, where);
    if (!json)
      return json.error();
    return oneshot::Recipe::from_json(*json, where);
  }
#endif
  auto recipe = oneshot::Recipe::parse(*text, where);
  if (is_yaml && recipe.status() == Status::json_syntax)
    return Error{Status::unsupported, recipe.error().message +
                                          "; YAML beyond JSON needs qfmt::yaml: this program was "
                                          "built without yaml-cpp (Debian: libyaml-cpp-dev)"};
  return recipe;
}

Result<std::vector<calibration::Batch>> load_batches(OneshotOptions const& options,
                                                     Config const& config) {
  if (options.data.empty())
    return std::vector<calibration::Batch>{};
  auto const text = contents(options.data);
  if (!text)
    return text.error();
  auto const texts =
      oneshot::read_texts(*text, options.data.extension() == ".jsonl", options.data.string());
  if (!texts)
    return texts.error();
  auto const tokenizer = Tokenizer::load(options.model, config);
  if (!tokenizer)
    return tokenizer.error();
  oneshot::DataOptions samples = options.samples;
  samples.begin = config.bos_token_id;
  samples.padding = config.eos_token_id;
  samples.sequence_length = std::min(samples.sequence_length, config.max_position_embeddings);
  return oneshot::make_batches(
      *texts, [&](std::string_view t) { return tokenizer->encode(t); }, samples);
}

/// A line for each part of the model, with the time that is left if all parts take as long.
auto progress_printer() {
  return [start = std::chrono::steady_clock::now()](calibration::PipelineProgress const& p) {
    std::chrono::duration<double> const spent = std::chrono::steady_clock::now() - start;
    double const left = spent.count() / static_cast<double>(p.subgraph) *
                        static_cast<double>(p.subgraphs - p.subgraph);
    std::fprintf(stderr, "subgraph %zu of %zu, %.1f s, about %.1f s left\n", p.subgraph,
                 p.subgraphs, spent.count(), left);
  };
}

}  // namespace

Result<oneshot::OneshotReport> oneshot(OneshotOptions const& options, ThreadPool& threads) {
  auto recipe = load_recipe(options.recipe);
  if (!recipe)
    return recipe.error();
  auto model = CalibrationModel::load(options.model, threads);
  if (!model)
    return model.error();
  auto const batches = load_batches(options, model->config());
  if (!batches)
    return batches.error();
  oneshot::OneshotJob job;
  job.input = options.model;
  job.output = options.output;
  job.recipe = *std::move(recipe);
  job.schemes = oneshot_schemes();
  job.pipeline.progress = progress_printer();
  job.pipeline.cache_budget = options.activation_bytes;
  std::optional<io::FileSpill> spill;
  if (!options.spill.empty()) {
    auto created = io::FileSpill::create(options.spill);
    if (!created)
      return created.error();
    job.pipeline.spill = &spill.emplace(*std::move(created));
  }
  job.measures_outputs = options.measures_outputs;
  if (options.resumes) {
    // "OUT/" is "OUT".
    fs::path const& out = options.output;
    job.progress = (out.has_filename() ? out : out.parent_path()).string() + ".progress";
  }
  return oneshot::oneshot(*model, job, *batches, threads);
}

}  // namespace llama
