// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <qfmt/exec/thread_pool.hpp>
#include <qfmt/oneshot/dequantize.hpp>
#include <qfmt/oneshot/model_free.hpp>

// What the sub-commands of `qfmt` do, behind their options.

namespace qfmt::tool {

/// Files are read as the safetensors package reads them: what its text forbids but everybody
/// accepts is a warning.
inline constexpr io::ReadOptions reading{.strictness = io::Strictness::compat};

struct QuantizeOptions {
  /// "NAME", for all layers that no other one names, or "NAME=PATTERN".
  std::vector<std::string> schemes;
  std::string profile = "CompressedTensors";
  std::string observer = "memoryless_minmax";
  std::vector<std::string> targets;
  std::vector<std::string> ignore;
  std::filesystem::path input;
  std::filesystem::path output;
};

/// Quantizes a checkpoint. Errors: unknown_scheme, unsupported, pattern_invalid, and those of
/// quantize_checkpoint.
Result<oneshot::ModelFreeReport> quantize(QuantizeOptions const& options, ThreadPool& threads);

struct DequantizeOptions {
  std::string dtype = "auto";  // F32, BF16, F16
  std::filesystem::path input;
  std::filesystem::path output;
};

/// Writes what a quantized checkpoint stands for. Errors: those of dequantize_checkpoint.
Result<oneshot::DequantizeReport> dequantize(DequantizeOptions const& options);

/// Prints what a checkpoint or a safetensors file holds.
Result<void> inspect(std::filesystem::path const& input);

struct DiffOptions {
  std::string profile_a;
  std::string profile_b;
  std::string scheme = "NVFP4A16";
  std::string tensor;  ///< empty: all matrices
  std::filesystem::path input;
};

/// Prints where the bytes differ that two profiles make of the tensors of a file, and at which step;
/// true if nowhere. Errors: unknown_scheme, nothing_to_do, unsupported, nonfinite_weight, and those
/// of Checkpoint.
Result<bool> diff(DiffOptions const& options);

/// Writes the conformance pack: a directory of vectors, complete or absent. Errors: those of
/// AtomicDirectory.
Result<void> write_conformance(std::filesystem::path const& output);

}  // namespace qfmt::tool
