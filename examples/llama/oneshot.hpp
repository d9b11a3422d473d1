// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include <qfmt/exec/thread_pool.hpp>
#include <qfmt/oneshot/dataloader.hpp>
#include <qfmt/oneshot/oneshot.hpp>

namespace llama {

/// What recipes may ask for here. In a file of its own: every preset is compiled for three types of
/// weights.
std::vector<qfmt::oneshot::OneshotScheme> oneshot_schemes();

struct OneshotOptions {
  std::filesystem::path recipe;  ///< JSON; with the ending .yaml or .yml, YAML
  std::filesystem::path data;    ///< text; or JSON lines with the ending .jsonl; empty: none
  std::filesystem::path model;
  std::filesystem::path output;
  qfmt::oneshot::DataOptions samples;
  bool measures_outputs = false;
  /// Keeps what is finished beside the output, OUT.progress, and goes on behind it.
  bool resumes = false;
  /// Activations between two parts of the model in memory, at most; others go to a file without a name
  /// in the folder `spill`. No folder: more is an error.
  uint64_t activation_bytes = qfmt::calibration::ActivationCache::no_budget;
  std::filesystem::path spill;
};

/// Quantizes a dense model by a recipe.
///
/// Errors: those of recipes, of the model, of io::FileSpill and of oneshot::oneshot; unsupported for
/// a recipe in YAML in a program without yaml-cpp.
qfmt::Result<qfmt::oneshot::OneshotReport> oneshot(OneshotOptions const& options,
                                                   qfmt::ThreadPool& threads);

}  // namespace llama
