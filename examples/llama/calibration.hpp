// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "linear.hpp"
#include "model.hpp"

namespace llama {

/// A dense checkpoint as qfmt calibrates it: the embedding is a subgraph, and so is each decoder
/// layer. A batch has "tokens", (texts, length). The head is not quantized.
class CalibrationModel {
 public:
  /// Errors: those of Model::load; unsupported for a checkpoint that is quantized.
  static qfmt::Result<CalibrationModel> load(std::filesystem::path const& directory,
                                             qfmt::ThreadPool& threads);

  [[nodiscard]] std::vector<qfmt::calibration::LinearLayer> const& layers() const noexcept {
    return layers_;
  }
  [[nodiscard]] std::size_t subgraphs() const;
  qfmt::Result<qfmt::calibration::Activations> forward(std::size_t subgraph,
                                                       qfmt::calibration::Activations const& inputs,
                                                       qfmt::calibration::InputHook const& hook);
  qfmt::Result<qfmt::calibration::Weight> weight(std::size_t layer) const;
  qfmt::Result<void> set_weight(std::size_t layer, qfmt::calibration::Weight weight);

  [[nodiscard]] std::vector<qfmt::calibration::KvCache> kv_caches() const;

  // For transforms: what is not a linear layer.
  [[nodiscard]] std::optional<qfmt::calibration::InputSource> source(std::size_t input) const;
  [[nodiscard]] qfmt::calibration::ResidualStream residual_stream() const;
  qfmt::Result<qfmt::calibration::Weight> tensor(std::string const& name) const;
  qfmt::Result<void> set_tensor(std::string const& name, qfmt::calibration::Weight values);

  [[nodiscard]] Config const& config() const noexcept { return model_.config(); }

 private:
  CalibrationModel(Model model, qfmt::io::Checkpoint checkpoint, qfmt::ThreadPool& threads);

  Model model_;
  qfmt::io::Checkpoint checkpoint_;
  qfmt::ThreadPool* threads_;
  std::vector<qfmt::calibration::LinearLayer> layers_;
  std::map<std::size_t, qfmt::calibration::Weight> changed_;  // layers that have another weight now
  std::map<std::string, qfmt::calibration::Weight> tensors_;  // others that have been set
};

}  // namespace llama
