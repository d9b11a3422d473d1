// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <thread>

#include "commands.hpp"

// The command line: `qfmt quantize` and `qfmt inspect`. Exit code 0 on success, 2 with one message
// on standard error otherwise.

namespace {

int fail(qfmt::Error const& error) {
  std::fprintf(stderr, "qfmt: %s\n", error.to_string().c_str());
  return 2;
}

int run(int argc, char** argv) {
  CLI::App app{"Quantizes language model checkpoints to the compressed-tensors format."};
  app.require_subcommand(1);

  qfmt::tool::QuantizeOptions options;
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  CLI::App* const quantize = app.add_subcommand(
      "quantize", "Quantize the linear layers of a checkpoint, without calibration data");
  quantize
      ->add_option("--scheme", options.scheme,
                   "A preset: NVFP4A16, MXFP4, FP8_DYNAMIC, W8A8, W4A16, ...")
      ->required();
  quantize
      ->add_option("--profile", options.profile,
                   "Numerics: CompressedTensors (equal to that package, bit for bit) or Qfmt")
      ->check(CLI::IsMember({"CompressedTensors", "Qfmt"}))
      ->capture_default_str();
  quantize
      ->add_option("--targets", options.targets,
                   "Quantize only these: a module name, re:PATTERN, or Linear; repeatable")
      ->allow_extra_args(false);
  quantize
      ->add_option("--ignore", options.ignore,
                   "Leave these as they are: a module name or re:PATTERN; repeatable")
      ->allow_extra_args(false);
  quantize->add_option("--threads", threads, "Threads to use; the output does not depend on it")
      ->check(CLI::Range(1u, 4096u))
      ->capture_default_str();
  quantize->add_option("IN", options.input, "A model directory or a .safetensors file")->required();
  quantize->add_option("OUT", options.output, "The directory to write; it must not exist")
      ->required();

  std::filesystem::path inspected;
  CLI::App* const inspect = app.add_subcommand("inspect", "Say what a checkpoint holds");
  inspect->add_option("IN", inspected, "A model directory or a .safetensors file")->required();

  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  if (*inspect) {
    auto const done = qfmt::tool::inspect(inspected);
    return done ? 0 : fail(done.error());
  }
  qfmt::ThreadPool pool{static_cast<int>(threads)};
  auto const report = qfmt::tool::quantize(options, pool);
  if (!report)
    return fail(report.error());
  for (std::string const& warning : report->warnings)
    std::fprintf(stderr, "qfmt: warning: %s\n", warning.c_str());
  for (std::string const& entry : report->left_out)
    std::fprintf(stderr, "qfmt: not copied: %s\n", qfmt::quoted(entry).c_str());
  std::printf(
      "%s: %zu layers, %.3f bits per weight, %llu bytes\n", options.output.c_str(),
      report->quantized.size(),
      8.0 * static_cast<double>(report->weight_bytes) / static_cast<double>(report->weights),
      static_cast<unsigned long long>(report->output_bytes));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // A file that may not grow is an error to report, as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (std::bad_alloc const&) {
    return fail({qfmt::Status::out_of_memory, "not enough memory"});
  }
}
