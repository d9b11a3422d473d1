// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "evaluate.hpp"
#include "generate.hpp"
#include "sample.hpp"
#ifdef QFMT_LLAMA_ONESHOT
#include "oneshot.hpp"
#endif

// The command line: `llama generate`, `sample`, `evaluate` and `oneshot`. Exit code 0 on success, 2 with one
// message on standard error otherwise; progress goes there too.

namespace {

using namespace qfmt;
namespace fs = std::filesystem;

Result<void> generate(fs::path const& directory, std::string const& prompt, index_t count,
                      ThreadPool& threads) {
  auto const model = llama::Model::load(directory);
  if (!model)
    return model.error();
  auto const tokenizer = llama::Tokenizer::load(directory, model->config());
  if (!tokenizer)
    return tokenizer.error();
  auto const done =
      llama::generate(*model, *tokenizer, prompt, count, threads, [](std::string_view text) {
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
      });
  std::printf("\n");
  return done;
}

/// Texts with a blank line between them.
Result<void> sample(fs::path const& directory, llama::SampleOptions const& options,
                    ThreadPool& threads) {
  auto const model = llama::Model::load(directory);
  if (!model)
    return model.error();
  auto const tokenizer = llama::Tokenizer::load(directory, model->config());
  if (!tokenizer)
    return tokenizer.error();
  auto const texts = llama::sample(*model, *tokenizer, options, threads);
  if (!texts)
    return texts.error();
  for (std::string const& text : *texts) std::printf("%s\n\n", text.c_str());
  return {};
}

/// What `evaluate` measures, and what with.
struct EvaluateOptions {
  fs::path model;
  fs::path text;
  std::size_t bytes = std::string::npos;
  fs::path save;
  std::vector<fs::path> against;
};

Result<void> evaluate(EvaluateOptions const& options, ThreadPool& threads) {
  std::ifstream stream{options.text, std::ios::binary};
  if (!stream)
    return Error{Status::io_open, options.text.string()};
  std::string text{std::istreambuf_iterator<char>{stream}, {}};
  if (options.bytes < text.size())
    text.resize(options.bytes);

  auto const model = llama::Model::load(options.model);
  if (!model)
    return model.error();
  auto const windows = llama::bits_of_windows(*model, text, threads, [&text](std::size_t bytes) {
    std::fprintf(stderr, "%zu of %zu bytes\n", bytes, text.size());
  });
  if (!windows)
    return windows.error();
  std::printf("%.5f bits per byte of %zu bytes\n", llama::bits_per_byte(*windows), text.size());
  for (fs::path const& file : options.against) {
    auto const other = llama::read_windows(file);
    if (!other)
      return other.error();
    auto const more = llama::difference(*windows, *other);
    if (!more)
      return Error{more.status(), file.string() + ": " + more.error().message};
    std::printf("%+.5f [%+.5f, %+.5f] against %s\n", more->mean, more->low, more->high,
                file.c_str());
  }
  return options.save.empty() ? Result<void>{} : llama::write_windows(options.save, *windows);
}

#ifdef QFMT_LLAMA_ONESHOT

/// The sub-command that quantizes, and its options.
struct OneshotCommand {
  explicit OneshotCommand(CLI::App& app)
      : command{app.add_subcommand("oneshot", "Quantize a dense model by a recipe and a text")} {
    command->add_option("MODEL", options.model, "A model directory")->required();
    command->add_option("OUT", options.output, "A directory that does not exist")->required();
    command->add_option("--recipe", options.recipe, "A recipe, in JSON or YAML (.yaml)")
        ->required();
    command->add_option("--data", options.data,
                        "A calibration text; .jsonl: lines of JSON with a \"text\" each");
    command->add_option("--samples", options.samples.samples, "Samples at most")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str();
    command->add_option("--length", options.samples.sequence_length, "Tokens of a sample")
        ->check(CLI::Range(2, 1 << 20))
        ->capture_default_str();
    command->add_option("--batch", options.samples.batch_size, "Samples of a batch")
        ->check(CLI::Range(1, 1 << 10))
        ->capture_default_str();
    command->add_option("--seed", options.samples.seed, "Of the choice of samples")
        ->capture_default_str();
    command
        ->add_option("--activation-memory", options.activation_bytes,
                     "Memory for activations between parts of the model, as 4GiB")
        ->transform(CLI::AsSizeValue(false));
    command->add_option("--spill", options.spill,
                        "A folder for activations beyond that; without it, they are an error");
    command->add_flag("--resume", options.resumes,
                      "Keep what is finished in OUT.progress, and go on behind it");
    command->add_flag("--errors", options.measures_outputs,
                      "Measure the errors of outputs, before GPTQ and after");
  }

  Result<void> run(ThreadPool& threads) const {
    auto const report = llama::oneshot(options, threads);
    if (!report)
      return report.error();
    for (std::string const& warning : report->warnings)
      std::fprintf(stderr, "warning: %s\n", warning.c_str());
    std::printf(
        "layer\tscheme\tmethod\ttokens\tsqnr_db\terror_rounded\terror\tcondition\tseconds\n");
    for (auto const& layer : report->layers) {
      std::printf("%s\t%s\t%s\t%lld\t%.2f\t%.6g\t%.6g\t%.3g\t%.3f\n", layer.layer.c_str(),
                  layer.scheme, layer.method, static_cast<long long>(layer.tokens),
                  layer.weight.sqnr_db(), layer.output_error_rounded, layer.output_error,
                  layer.feedback.condition, layer.seconds);
    }
    return {};
  }

  llama::OneshotOptions options;
  CLI::App* command;
};

#endif

int run(int argc, char** argv) {
  CLI::App app{"Runs Llama checkpoints, dense or quantized in the compressed-tensors format."};
  app.require_subcommand(1);
  fs::path model;
  int threads = 0;

  std::string prompt;
  index_t tokens = 256;
  CLI::App* const generate_command = app.add_subcommand("generate", "Continue a text, greedily");
  generate_command->add_option("MODEL", model, "A model directory")->required();
  generate_command->add_option("--prompt", prompt, "The text to continue");
  generate_command->add_option("--tokens", tokens, "Tokens to add at most")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();

  llama::SampleOptions samples;
  CLI::App* const sample_command =
      app.add_subcommand("sample", "Make up texts, token by token at random");
  sample_command->add_option("MODEL", model, "A model directory")->required();
  sample_command->add_option("--texts", samples.texts, "How many")
      ->check(CLI::Range(1, 1 << 16))
      ->capture_default_str();
  sample_command->add_option("--tokens", samples.tokens, "Tokens of each, at most")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  sample_command
      ->add_option("--temperature", samples.temperature, "Below 1: likely tokens more often")
      ->capture_default_str();
  sample_command->add_option("--seed", samples.seed, "Of the random numbers")
      ->capture_default_str();

  EvaluateOptions evaluated;
  CLI::App* const evaluate_command =
      app.add_subcommand("evaluate", "Say how many bits the model needs for each byte of a text");
  evaluate_command
      ->add_option("MODEL", evaluated.model, "A model directory, one token for each byte")
      ->required();
  evaluate_command->add_option("TEXT", evaluated.text, "A text file")->required();
  evaluate_command->add_option("--bytes", evaluated.bytes, "Take only so many bytes of it");
  evaluate_command->add_option("--save", evaluated.save, "Write the bits of each window to a file");
  evaluate_command->add_option(
      "--against", evaluated.against,
      "Such files of other models: how many bits more, with a 95 % interval (paired bootstrap)");

  std::vector<CLI::App*> commands = {generate_command, sample_command, evaluate_command};
#ifdef QFMT_LLAMA_ONESHOT
  OneshotCommand oneshot_command{app};
  commands.push_back(oneshot_command.command);
#endif
  for (CLI::App* const command : commands) {
    command->add_option("--threads", threads, "Threads to use; 0 is one for each core")
        ->check(CLI::Range(0, 4096));
  }
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  ThreadPool pool{threads};
  Result<void> done;
  if (*generate_command)
    done = generate(model, prompt, tokens, pool);
  if (*sample_command)
    done = sample(model, samples, pool);
  if (*evaluate_command)
    done = evaluate(evaluated, pool);
#ifdef QFMT_LLAMA_ONESHOT
  if (*oneshot_command.command)
    done = oneshot_command.run(pool);
#endif
  if (done)
    return 0;
  std::fprintf(stderr, "llama: %s\n", done.error().to_string().c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (std::exception const& error) {  // memory or threads that the system refuses
    std::fprintf(stderr, "llama: %s\n", error.what());
    return 2;
  }
}
