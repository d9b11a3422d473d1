// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "linear.hpp"

namespace llama {

/// Which scheme each module of a checkpoint is quantized under, as its config.json says: one for all
/// layers, or several by name and pattern (mixed precision).
class LayerSchemes {
 public:
  /// Reads a model's config.json. Without a quantization_config no module has a scheme.
  ///
  /// Errors: those of io::parse_quantization_config; pattern_invalid. An engine that was built
  /// without RE2 cannot tell which group a layer belongs to: unsupported for several groups.
  static qfmt::Result<LayerSchemes> read(nlohmann::json const& model_config);

  /// Loads the weight of a module, which must have the given shape, under its scheme: in codes where
  /// that is a preset; decoded to binary32 where only weights are quantized, by whatever other
  /// description. `class_name` is "Linear" or "Embedding".
  ///
  /// Errors: config_invalid, naming the group, for another scheme; those of load_linear and of
  /// io::DenseLayer.
  [[nodiscard]] qfmt::Result<SharedLinear> load(qfmt::io::Checkpoint const& checkpoint,
                                                std::string const& module, char const* class_name,
                                                qfmt::Shape shape) const;

 private:
  struct Groups;
  std::shared_ptr<Groups const> groups_;  // null: none
};

}  // namespace llama
