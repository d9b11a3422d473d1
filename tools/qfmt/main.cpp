// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <thread>

#include "commands.hpp"
#include "convert.hpp"
#include "diff_steps.hpp"

// The command line: `qfmt quantize`, `dequantize`, `inspect` and others. Exit code 0 on success, 2
// with one message on standard error otherwise.

namespace {

int fail(qfmt::Error const& error) {
  std::fprintf(stderr, "qfmt: %s\n", error.to_string().c_str());
  return 2;
}

void print_notes(std::vector<std::string> const& warnings,
                 std::vector<std::string> const& left_out) {
  for (std::string const& warning : warnings)
    std::fprintf(stderr, "qfmt: warning: %s\n", warning.c_str());
  for (std::string const& entry : left_out)
    std::fprintf(stderr, "qfmt: not copied: %s\n", qfmt::quoted(entry).c_str());
}

int run(int argc, char** argv) {
  CLI::App app{"Quantizes language model checkpoints to the compressed-tensors format."};
  app.require_subcommand(1);

  qfmt::tool::QuantizeOptions options;
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  CLI::App* const quantize = app.add_subcommand(
      "quantize", "Quantize the linear layers of a checkpoint, without calibration data");
  quantize
      ->add_option("--scheme", options.schemes,
                   "A preset: NVFP4A16, MXFP4, FP8_DYNAMIC, W8A8, W4A16, ...; repeated as "
                   "NAME=PATTERN, another one for some layers: a module name or re:PATTERN")
      ->required()
      ->allow_extra_args(false);
  quantize
      ->add_option("--profile", options.profile,
                   "Numerics: CompressedTensors (equal to that package, bit for bit) or Qfmt")
      ->check(CLI::IsMember({"CompressedTensors", "Qfmt"}))
      ->capture_default_str();
  quantize
      ->add_option("--observer", options.observer,
                   "How scales are found: from the smallest and largest value, or by a search")
      ->check(CLI::IsMember({"memoryless_minmax", "memoryless_mse", "nvfp4_expanded_mse",
                             "four_over_six", "scale_sweep"}))
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

  qfmt::tool::DequantizeOptions dense;
  CLI::App* const dequantize =
      app.add_subcommand("dequantize", "Write the numbers that a quantized checkpoint stands for");
  dequantize
      ->add_option("--dtype", dense.dtype,
                   "Of the weights: F32, BF16, F16, or auto, that of the model")
      ->check(CLI::IsMember({"auto", "F32", "BF16", "F16"}))
      ->capture_default_str();
  dequantize->add_option("IN", dense.input, "A quantized model directory")->required();
  dequantize->add_option("OUT", dense.output, "The directory to write; it must not exist")
      ->required();

  std::filesystem::path unconverted;
  std::filesystem::path converted;
  CLI::App* const convert = app.add_subcommand(
      "convert",
      "Write a checkpoint of AutoAWQ or GPTQ in the compressed-tensors format, unrounded");
  convert->add_option("IN", unconverted, "A model directory")->required();
  convert->add_option("OUT", converted, "The directory to write; it must not exist")->required();

  std::filesystem::path inspected;
  CLI::App* const inspect = app.add_subcommand("inspect", "Say what a checkpoint holds");
  inspect->add_option("IN", inspected, "A model directory or a .safetensors file")->required();

  qfmt::tool::DiffOptions compared;
  CLI::App* const diff =
      app.add_subcommand("diff", "Say where the bytes of two profiles differ, and why");
  std::vector<std::string> schemes;
  for (auto const& scheme : qfmt::tool::diff_schemes()) schemes.push_back(scheme.name);
  diff->add_option("A", compared.profile_a, "A profile: Qfmt, CompressedTensors, ModelOpt, ...")
      ->check(CLI::IsMember(qfmt::tool::profile_names()))
      ->required();
  diff->add_option("B", compared.profile_b, "Another one")
      ->check(CLI::IsMember(qfmt::tool::profile_names()))
      ->required();
  diff->add_option("IN", compared.input, "A model directory or a .safetensors file")->required();
  diff->add_option("--scheme", compared.scheme, "A preset, for its weights")
      ->check(CLI::IsMember(schemes))
      ->capture_default_str();
  diff->add_option("--tensor", compared.tensor, "Only this one; else all matrices");

  std::filesystem::path pack;
  CLI::App* const conformance =
      app.add_subcommand("conformance", "Vectors to test other implementations against");
  conformance->require_subcommand(1);
  conformance->add_subcommand("write", "Write them")
      ->add_option("DIR", pack, "The directory to write; it must not exist")
      ->required();

  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  if (*inspect) {
    auto const done = qfmt::tool::inspect(inspected);
    return done ? 0 : fail(done.error());
  }
  if (*dequantize) {
    auto const report = qfmt::tool::dequantize(dense);
    if (!report)
      return fail(report.error());
    print_notes(report->warnings, report->left_out);
    std::printf("%s: %zu layers, %llu bytes\n", dense.output.c_str(), report->layers.size(),
                static_cast<unsigned long long>(report->output_bytes));
    return 0;
  }
  if (*convert) {
    auto const report = qfmt::tool::convert(unconverted, converted);
    if (!report)
      return fail(report.error());
    print_notes(report->warnings, report->left_out);
    std::printf("%s: %zu layers, %llu bytes\n", converted.c_str(), report->layers.size(),
                static_cast<unsigned long long>(report->output_bytes));
    return 0;
  }
  if (*diff) {
    auto const same = qfmt::tool::diff(compared);
    return !same ? fail(same.error()) : *same ? 0 : 1;
  }
  if (*conformance) {
    auto const done = qfmt::tool::write_conformance(pack);
    return done ? 0 : fail(done.error());
  }
  qfmt::ThreadPool pool{static_cast<int>(threads)};
  auto const report = qfmt::tool::quantize(options, pool);
  if (!report)
    return fail(report.error());
  print_notes(report->warnings, report->left_out);
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
  } catch (std::exception const& error) {  // of the standard library: names that no text can hold
    return fail({qfmt::Status::io_read, error.what()});
  }
}
