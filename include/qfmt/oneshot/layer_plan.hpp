// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <map>

#include <qfmt/io/activation_scale.hpp>
#include <qfmt/oneshot/layer_search.hpp>

namespace qfmt::oneshot {

/// What is known of the input activations of a module: nothing, or what calibration has found.
using InputScales = std::function<std::optional<io::ActivationScale>(std::string const& module)>;

/// Which layers of a checkpoint get which scheme, what they become, and what the configuration says
/// of it; all that can be wrong with it is found before a weight is read.
template <Executor E>
class LayerPlan {
 public:
  using Assignments = std::vector<Assignment<E>>;

  /// A plan refers to all of these.
  ///
  /// Errors: block_not_divisor, unknown_dtype or rank_unsupported (experts in one tensor), listing
  /// every layer that cannot be stored; nothing_to_do, also for a target that matches no layer;
  /// config_invalid for a model that is quantized already, a layer that is named in two assignments,
  /// or layers that are served as one with two schemes; needs_calibration for a layer without input
  /// scales; checkpoint_ambiguous for a tensor that has the name of one to be written.
  [[nodiscard]] static Result<LayerPlan> create(io::Checkpoint const& checkpoint,
                                                LayerSelection const& selection,
                                                Assignments const& assignments,
                                                InputScales const& input_scales) {
    LayerPlan plan{checkpoint, selection, assignments, input_scales};
    if (auto selected = plan.select(); !selected)
      return selected.error();
    return plan;
  }

  /// By the names of their weights.
  [[nodiscard]] std::vector<Layer> const& layers() const noexcept { return found_.layers; }
  /// What servers may not take.
  [[nodiscard]] std::vector<std::string> const& warnings() const noexcept {
    return found_.warnings;
  }
  [[nodiscard]] LayerQuantizer<E> const& scheme(Layer const& layer) const {
    return (*assignments_)[layer.assignment].scheme;
  }

  /// The layer of a weight, or null.
  [[nodiscard]] Layer const* find_layer(std::string const& weight) const {
    auto const found =
        std::lower_bound(found_.layers.begin(), found_.layers.end(), weight,
                         [](Layer const& l, std::string const& w) { return l.weight < w; });
    return found != found_.layers.end() && found->weight == weight ? &*found : nullptr;
  }

  /// All tensors that a layer becomes, by name behind its own.
  [[nodiscard]] std::vector<io::LayerTensor> parts_of(Layer const& layer) const {
    auto parts = scheme(layer).tensors(layer.dtype, layer.shape);
    if (auto const inputs = inputs_.find(layer.module); inputs != inputs_.end()) {
      for (io::StoredTensor const& input : inputs->second) parts.push_back(input.tensor);
    }
    return parts;
  }

  /// The bytes of the last of them, which quantizing does not find: those of static inputs.
  [[nodiscard]] std::vector<io::StoredTensor> const& inputs_of(Layer const& layer) const {
    static std::vector<io::StoredTensor> const none;
    auto const found = inputs_.find(layer.module);
    return found == inputs_.end() ? none : found->second;
  }

  /// The file that a tensor is in, for messages.
  [[nodiscard]] std::string file_of(io::TensorInfo const& tensor) const {
    std::error_code error;
    bool const is_directory = std::filesystem::is_directory(checkpoint_->path(), error);
    return (is_directory ? checkpoint_->path() / checkpoint_->shard_of(tensor)
                         : checkpoint_->path())
        .string();
  }

  /// A group for each assignment that has layers, in their order.
  [[nodiscard]] io::QuantizationConfig quantization_config() const {
    io::QuantizationConfig config;
    config.ignore = found_.ignored;
    bool has_embedding = false;
    for (std::size_t i = 0; i < assignments_->size(); ++i) {
      io::ConfigGroup group = (*assignments_)[i].scheme.group();
      group.name = "group_" + std::to_string(config.groups.size());
      group.targets.clear();
      for (ModulePattern const& target : (*assignments_)[i].targets)
        group.targets.push_back(target.text());
      if (group.targets.empty())
        group.targets.emplace_back("Linear");
      bool is_used = false;
      for (Layer const& layer : found_.layers) {
        if (layer.assignment != i)
          continue;
        is_used = true;
        if (module_kind(layer.module) != ModuleKind::embedding)
          continue;
        has_embedding = true;
        if (!is_named(layer.module, (*assignments_)[i].targets))
          group.targets.push_back(layer.module);  // no linear layer
      }
      if (is_used)
        config.groups.push_back(std::move(group));
    }
    // Modules of a class that is quantized elsewhere are listed.
    if (has_embedding) {
      config.ignore.insert(config.ignore.end(), found_.embeddings.begin(), found_.embeddings.end());
      std::sort(config.ignore.begin(), config.ignore.end());
    }
    config.format = io::joint_format(config.groups);
    return config;
  }

 private:
  LayerPlan(io::Checkpoint const& checkpoint, LayerSelection const& selection,
            Assignments const& assignments, InputScales const& input_scales)
      : checkpoint_{&checkpoint},
        selection_{&selection},
        assignments_{&assignments},
        input_scales_{&input_scales} {}

  [[nodiscard]] std::string where() const { return checkpoint_->path().string(); }

  Result<void> select() {
    if (auto const& config = checkpoint_->config();
        config.is_object() && config.contains("quantization_config")) {
      return Error{
          Status::config_invalid,
          (checkpoint_->path() / "config.json").string() +
              ": got a quantization_config, expected a model that is not already quantized"};
    }
    auto found = find_layers(*checkpoint_, *selection_, *assignments_);
    if (!found)
      return found.error();
    found_ = *std::move(found);
    if (auto alike = check_fused(); !alike)
      return alike;
    if (auto known = check_inputs(); !known)
      return known;
    return check_names();
  }

  /// Layers that are served as one matrix have one scheme. Where only some of them are quantized,
  /// some servers refuse the checkpoint: a warning.
  Result<void> check_fused() {
    std::map<std::string, Layer const*> fused;
    for (Layer const& layer : found_.layers) {
      auto const [first, is_new] = fused.try_emplace(fused_group(layer.module), &layer);
      if (is_new || first->second->assignment == layer.assignment)
        continue;
      return Error{Status::config_invalid, where() + ": layers " + quoted(first->second->module) +
                                               " and " + quoted(layer.module) +
                                               " are served as one matrix: got " +
                                               scheme(*first->second).name + " and " +
                                               scheme(layer).name + ", expected one scheme"};
    }
    for (std::string const& module : found_.ignored) {
      auto const partner = fused.find(fused_group(module));
      if (partner == fused.end())
        continue;
      found_.warnings.push_back("layers " + quoted(partner->second->module) + " and " +
                                quoted(module) +
                                " are served as one matrix, and only the first is quantized");
    }
    return {};
  }

  /// Static inputs need what calibration has found, of every layer.
  Result<void> check_inputs() {
    for (Layer const& layer : found_.layers) {
      LayerQuantizer<E> const& preset = scheme(layer);
      if (preset.data_free == nullptr)
        continue;
      auto scales = (*input_scales_)(layer.module);
      if (!scales) {
        return Error{Status::needs_calibration,
                     std::string{preset.name} + ": got no input activation scales of " +
                         quoted(layer.module) + "; without data, use " + preset.data_free};
      }
      scales->dtype = layer.dtype;
      if (preset.has_global != scales->global_scale.has_value() ||
          preset.has_global != scales->scales.empty())
        return Error{Status::invalid_argument,
                     "layer " + quoted(layer.module) + ": input scales: expected " +
                         (preset.has_global ? "a global scale alone" : "one scale")};
      inputs_[layer.module] = io::activation_tensors(io::ActivationSite::input, *scales);
    }
    return {};
  }

  /// No tensor of a quantized layer may have the name of one that is there already.
  Result<void> check_names() const {
    for (Layer const& layer : found_.layers) {
      for (io::LayerTensor const& part : parts_of(layer)) {
        io::TensorInfo const* const other = checkpoint_->find(layer.module + "." + part.suffix);
        if (other == nullptr || other->name == layer.weight)
          continue;
        return Error{Status::checkpoint_ambiguous,
                     file_of(*other) + ": tensor " + quoted(other->name) + ": got it beside " +
                         quoted(layer.weight) +
                         ", expected no such tensor: the quantized layer has one of this name"};
      }
    }
    return {};
  }

  static bool is_named(std::string const& module, std::vector<ModulePattern> const& targets) {
    return std::any_of(targets.begin(), targets.end(), [&](ModulePattern const& target) {
      return !target.is_linear_class() && target.matches(module);
    });
  }

  io::Checkpoint const* checkpoint_;
  LayerSelection const* selection_;
  Assignments const* assignments_;
  InputScales const* input_scales_;
  FoundLayers found_;
  std::map<std::string, std::vector<io::StoredTensor>> inputs_;  // of layers with static inputs
};

}  // namespace qfmt::oneshot
