// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <qfmt/exec/thread_pool.hpp>
#include <qfmt/oneshot/model_free.hpp>

// What the sub-commands of `qfmt` do, behind their options.

namespace qfmt::tool {

/// Files are read as the safetensors package reads them: what its text forbids but everybody
/// accepts is a warning.
inline constexpr io::ReadOptions reading{.strictness = io::Strictness::compat};

struct QuantizeOptions {
  std::string scheme;
  std::string profile = "CompressedTensors";
  std::vector<std::string> targets;
  std::vector<std::string> ignore;
  std::filesystem::path input;
  std::filesystem::path output;
};

/// The preset of that name under a profile, or nothing. A file for each profile, since
/// every preset is compiled for three types of weights.
std::optional<oneshot::LayerQuantizer<ThreadPool>> compressed_tensors_quantizer(
    std::string const& preset);
std::optional<oneshot::LayerQuantizer<ThreadPool>> qfmt_quantizer(std::string const& preset);

/// Quantizes a checkpoint. Errors: unknown_scheme, pattern_invalid, and those of
/// quantize_checkpoint.
Result<oneshot::ModelFreeReport> quantize(QuantizeOptions const& options, ThreadPool& threads);

/// Prints what a checkpoint or a safetensors file holds.
Result<void> inspect(std::filesystem::path const& input);

}  // namespace qfmt::tool
