// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>

#include "evaluate.hpp"
#include "generate.hpp"

// The command line: `llama generate` and `llama evaluate`. Exit code 0 on success, 2 with one
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

Result<void> evaluate(fs::path const& directory, fs::path const& file, std::size_t most_bytes,
                      ThreadPool& threads) {
  std::ifstream stream{file, std::ios::binary};
  if (!stream)
    return Error{Status::io_open, file.string()};
  std::string text{std::istreambuf_iterator<char>{stream}, {}};
  if (most_bytes < text.size())
    text.resize(most_bytes);

  auto const model = llama::Model::load(directory);
  if (!model)
    return model.error();
  auto const bits = llama::bits_per_byte(*model, text, threads, [&text](std::size_t bytes) {
    std::fprintf(stderr, "%zu of %zu bytes\n", bytes, text.size());
  });
  if (!bits)
    return bits.error();
  std::printf("%.5f bits per byte of %zu bytes\n", *bits, text.size());
  return {};
}

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

  fs::path text;
  std::size_t bytes = std::string::npos;
  CLI::App* const evaluate_command =
      app.add_subcommand("evaluate", "Say how many bits the model needs for each byte of a text");
  evaluate_command->add_option("MODEL", model, "A model directory, one token for each byte")
      ->required();
  evaluate_command->add_option("TEXT", text, "A text file")->required();
  evaluate_command->add_option("--bytes", bytes, "Take only so many bytes of it");

  for (CLI::App* const command : {generate_command, evaluate_command}) {
    command->add_option("--threads", threads, "Threads to use; 0 is one for each core")
        ->check(CLI::Range(0, 4096));
  }
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  ThreadPool pool{threads};
  auto const done = *generate_command ? generate(model, prompt, tokens, pool)
                                      : evaluate(model, text, bytes, pool);
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
