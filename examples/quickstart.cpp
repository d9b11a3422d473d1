// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The main job on a real model: quantize a checkpoint with several presets, write each as a
// compressed-tensors checkpoint, read it back, and say what it costs.
//
//   quickstart --model DIR --out DIR [--full]
//
// Without --full, quality is measured on the first 8 KB of DIR/held_out.txt.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <thread>
#include <unistd.h>

#include <qfmt/exec/thread_pool.hpp>
#include <qfmt/oneshot/model_free.hpp>
#include <qfmt/tensor/error_metrics.hpp>

#include "llama/evaluate.hpp"

namespace {

using namespace qfmt;
namespace fs = std::filesystem;

using Presets =
    TypeList<preset::NVFP4A16, preset::MXFP4, preset::FP8_DYNAMIC, preset::W8A8, preset::W4A16>;

struct Row {
  std::string scheme;
  uint64_t file_bytes = 0;
  double bits_per_weight = 16.0;
  double worst_sqnr = 0.0;
  double mean_sqnr = 0.0;
  double bits_per_byte = 0.0;
  double seconds = 0.0;
};

/// Says on standard error what is being done: a bar on a terminal, plain lines elsewhere.
void show_progress(int step, std::string const& what) {
  constexpr int steps = 1 + Presets::size;
  if (isatty(STDERR_FILENO) == 0) {
    if (step < steps)
      std::fprintf(stderr, "%d of %d: %s\n", step + 1, steps, what.c_str());
    return;
  }
  std::string const done(static_cast<std::size_t>(step * 4), '#');
  std::fprintf(stderr, "\r[%-*s] %-40s%s", steps * 4, done.c_str(), what.c_str(),
               step == steps ? "\n" : "");
}

/// SQNR in decibel of every quantized layer, read back from disk, against the original weight.
template <class Preset>
Result<std::vector<double>> layer_sqnr(fs::path const& original, fs::path const& quantized,
                                       std::vector<std::string> const& layers) {
  using S = with_stored_scale<typename Preset::Weights, Code<BF16>>;
  auto const before = io::Checkpoint::open(original);
  if (!before)
    return before.error();
  auto const after = io::Checkpoint::open(quantized);
  if (!after)
    return after.error();
  std::vector<double> sqnr;
  for (std::string const& layer : layers) {
    auto const weight = io::load_layer<S>(*after, io::compressed_format<Preset>(), layer);
    if (!weight)
      return weight.error();
    io::TensorInfo const& tensor = *before->find(layer + ".weight");
    std::vector<Code<BF16>> values(static_cast<std::size_t>(weight->shape.size()));
    if (tensor.dtype != io::Dtype::BF16)
      return Error{Status::unsupported, "the quick start's model is expected in BF16"};
    if (auto read = before->read(tensor, std::as_writable_bytes(std::span{values})); !read)
      return read.error();
    sqnr.push_back(
        error_metrics<S, Code<BF16>>({values.data(), weight->shape}, weight->view()).sqnr_db());
  }
  return sqnr;
}

/// The size of a model's tensors on disk.
uint64_t file_bytes(fs::path const& model) {
  uint64_t bytes = 0;
  for (auto const& entry : fs::directory_iterator{model}) {
    if (entry.path().extension() == ".safetensors")
      bytes += entry.file_size();
  }
  return bytes;
}

template <class Preset>
Result<Row> measure(fs::path const& model, fs::path const& out, std::string const& text,
                    ThreadPool& threads) {
  fs::path const target = out / Preset::name;
  std::error_code ignored;
  fs::remove_all(target, ignored);  // of an earlier run

  auto const start = std::chrono::steady_clock::now();
  auto const report = oneshot::quantize_checkpoint<Preset>({model, target, {}, {}}, threads);
  if (!report)
    return report.error();
  double const seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  auto const sqnr = layer_sqnr<Preset>(model, target, report->quantized);
  if (!sqnr)
    return sqnr.error();
  auto const bits = llama::bits_per_byte(target, text, threads);
  if (!bits)
    return bits.error();

  Row row{Preset::name,
          file_bytes(target),
          8.0 * static_cast<double>(report->weight_bytes) / static_cast<double>(report->weights),
          sqnr->front(),
          0.0,
          *bits,
          seconds};
  for (double const db : *sqnr) {
    row.worst_sqnr = std::min(row.worst_sqnr, db);
    row.mean_sqnr += db / static_cast<double>(sqnr->size());
  }
  return row;
}

void print(std::vector<Row> const& rows) {
  std::printf(
      "| scheme | file, bytes | bits per weight | worst SQNR, dB | mean SQNR, dB | bits per byte | "
      "quantize, s |\n");
  std::printf("|---|---:|---:|---:|---:|---:|---:|\n");
  for (Row const& row : rows) {
    std::printf("| %s | %llu | %.3f | ", row.scheme.c_str(),
                static_cast<unsigned long long>(row.file_bytes), row.bits_per_weight);
    if (row.mean_sqnr == 0.0) {
      std::printf("– | – | %.4f | – |\n", row.bits_per_byte);
    } else {
      std::printf("%.2f | %.2f | %.4f | %.3f |\n", row.worst_sqnr, row.mean_sqnr, row.bits_per_byte,
                  row.seconds);
    }
  }
}

Result<std::vector<Row>> run(fs::path const& model, fs::path const& out, bool full) {
  std::ifstream file{model / "held_out.txt", std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (text.empty())
    return Error{Status::io_read, (model / "held_out.txt").string() + ": expected a text"};
  if (!full)
    text.resize(std::min<std::size_t>(text.size(), 8192));

  std::error_code failed;
  fs::create_directories(out, failed);
  if (failed)
    return Error{Status::io_write, out.string() + ": " + failed.message()};

  ThreadPool threads{static_cast<int>(std::max(1u, std::thread::hardware_concurrency()))};
  show_progress(0, "BF16: evaluating " + std::to_string(text.size()) + " bytes of text");
  auto const baseline = llama::bits_per_byte(model, text, threads);
  if (!baseline)
    return baseline.error();
  std::vector<Row> rows{{"BF16 (original)", file_bytes(model), 16.0, 0.0, 0.0, *baseline, 0.0}};
  Result<void> status;
  Presets::for_each([&]<class P>() {
    if (!status)
      return;
    show_progress(static_cast<int>(rows.size()),
                  std::string{P::name} + ": quantizing, reading back, evaluating");
    auto row = measure<P>(model, out, text, threads);
    if (row) {
      rows.push_back(*row);
    } else {
      status = row.error();
    }
  });
  if (!status)
    return status.error();
  show_progress(static_cast<int>(rows.size()), "done");
  return rows;
}

}  // namespace

int main(int argc, char** argv) {
  fs::path model;
  fs::path out;
  bool full = false;
  CLI::App app{"Quantizes a model with several presets and prints what each costs."};
  app.add_option("--model", model, "A model directory with held_out.txt beside the weights")
      ->required();
  app.add_option("--out", out, "Where the quantized models go")->required();
  app.add_flag("--full", full, "Evaluate on the whole text");
  CLI11_PARSE(app, argc, argv);

  auto const rows = run(model, out, full);
  if (!rows) {
    std::fprintf(stderr, "quickstart: %s\n", rows.error().to_string().c_str());
    return 2;
  }
  print(*rows);
  return 0;
}
