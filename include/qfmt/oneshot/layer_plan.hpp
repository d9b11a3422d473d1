// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <map>

#include <qfmt/io/activation_scale.hpp>
#include <qfmt/io/checkpoint.hpp>
#include <qfmt/oneshot/layer_quantizer.hpp>
#include <qfmt/oneshot/layer_selection.hpp>

namespace qfmt::oneshot {

/// What is known of the input activations of a module: nothing, or what calibration has found.
using InputScales = std::function<std::optional<io::ActivationScale>(std::string const& module)>;

/// A scheme, and the layers that it is for.
template <Executor E>
struct Assignment {
  LayerQuantizer<E> scheme;
  /// Layers by name, whatever else selects them. None, or "Linear": all that the job selects and no
  /// other assignment names.
  std::vector<ModulePattern> targets;
};

/// A layer to quantize: its module name and where its weight is.
struct Layer {
  std::string module;
  std::string weight;  // tensor name
  io::Dtype dtype;
  Shape shape;
  std::size_t assignment;
};

namespace detail {

/// The tensor behind a module that is a tensor of rank 3: weights of all experts in one.
inline bool is_expert_stack(io::TensorInfo const& tensor) {
  return tensor.shape.size() == 3 && ("." + tensor.name).find(".experts.") != std::string::npos;
}

/// Whether a dtype holds floating-point numbers, of any width.
constexpr bool is_floating(io::Dtype dtype) noexcept {
  switch (dtype) {
    case io::Dtype::BOOL:
    case io::Dtype::U8:
    case io::Dtype::I8:
    case io::Dtype::I16:
    case io::Dtype::U16:
    case io::Dtype::I32:
    case io::Dtype::U32:
    case io::Dtype::C64:
    case io::Dtype::I64:
    case io::Dtype::U64:
      return false;
    default:
      return true;
  }
}

/// A text as one word of a POSIX shell: in single quotes unless it is plain.
inline std::string shell_word(std::string const& text) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:-";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos)
    return text;
  std::string word = "'";
  for (char const c : text) word += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
  return word + "'";
}

/// "a.b" for the tensor "a.b.weight"; empty for any other tensor.
inline std::string module_of(std::string const& tensor) {
  constexpr std::string_view ending = ".weight";
  bool const is_weight = tensor.size() > ending.size() &&
                         tensor.compare(tensor.size() - ending.size(), ending.size(), ending) == 0;
  return is_weight ? tensor.substr(0, tensor.size() - ending.size()) : std::string{};
}

}  // namespace detail

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
  [[nodiscard]] std::vector<Layer> const& layers() const noexcept { return layers_; }
  /// What servers may not take.
  [[nodiscard]] std::vector<std::string> const& warnings() const noexcept { return warnings_; }
  [[nodiscard]] LayerQuantizer<E> const& scheme(Layer const& layer) const {
    return (*assignments_)[layer.assignment].scheme;
  }

  /// The layer of a weight, or null.
  [[nodiscard]] Layer const* find_layer(std::string const& weight) const {
    auto const found =
        std::lower_bound(layers_.begin(), layers_.end(), weight,
                         [](Layer const& l, std::string const& w) { return l.weight < w; });
    return found != layers_.end() && found->weight == weight ? &*found : nullptr;
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
    config.ignore = ignored_;
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
      for (Layer const& layer : layers_) {
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
      config.ignore.insert(config.ignore.end(), embeddings_.begin(), embeddings_.end());
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

  /// Finds the layers, and refuses all that cannot be stored in one message.
  Result<void> select() {
    if (auto const& config = checkpoint_->config();
        config.is_object() && config.contains("quantization_config")) {
      return Error{
          Status::config_invalid,
          (checkpoint_->path() / "config.json").string() +
              ": got a quantization_config, expected a model that is not already quantized"};
    }
    Refusals refused;
    std::vector<std::string> modules;
    for (io::TensorInfo const& tensor : checkpoint_->tensors()) {
      if (auto taken = select(tensor, modules, refused); !taken)
        return taken;
    }
    if (refused.status != Status::ok) {
      std::string names;
      for (Assignment<E> const& assignment : *assignments_)
        names += (names.empty() ? "" : ", ") + std::string{assignment.scheme.name};
      return Error{refused.status, where() + ": " + names +
                                       " cannot store these layers:" + refused.lines +
                                       "\nto leave them as they are:" + refused.flags};
    }
    if (auto matched = check_targets(modules); !matched)
      return matched;
    if (layers_.empty())
      return Error{Status::nothing_to_do, where() + ": no layer is selected"};
    if (std::find(ignored_.begin(), ignored_.end(), "lm_head") == ignored_.end() &&
        checkpoint_->find("lm_head.weight") == nullptr) {
      ignored_.emplace_back("lm_head");  // tied to the embedding: a module without a tensor
    }
    std::sort(layers_.begin(), layers_.end(),
              [](Layer const& a, Layer const& b) { return a.weight < b.weight; });
    std::sort(ignored_.begin(), ignored_.end());
    if (auto alike = check_fused(); !alike)
      return alike;
    if (auto known = check_inputs(); !known)
      return known;
    return check_names();
  }

  struct Refusals {
    Status status = Status::ok;
    std::string lines;
    std::string flags;

    void add(Status why, std::string const& module, std::string const& message) {
      if (status == Status::ok)
        status = why;
      lines += "\n  " + quoted(module) + ": " + message;
      flags += " --ignore " + detail::shell_word(module);
    }
  };

  Result<void> select(io::TensorInfo const& tensor, std::vector<std::string>& modules,
                      Refusals& refused) {
    std::string const module =
        detail::is_expert_stack(tensor) && detail::module_of(tensor.name).empty()
            ? tensor.name
            : detail::module_of(tensor.name);
    bool const is_stack = detail::is_expert_stack(tensor);
    if (module.empty() || (tensor.shape.size() != 2 && !is_stack) ||
        !detail::is_floating(tensor.dtype))
      return {};
    modules.push_back(module);
    auto const assignment = assignment_of(module);
    if (!assignment)
      return assignment.error();
    if (!*assignment) {
      ModuleKind const kind = module_kind(module);
      if (kind == ModuleKind::embedding) {
        embeddings_.push_back(module);
      } else if (kind != ModuleKind::norm) {
        ignored_.push_back(module);
        if (is_stack)
          warnings_.push_back("tensor " + quoted(tensor.name) + " of shape " +
                              io::to_string(tensor.shape) + " is left as it is");
      }
      return {};
    }
    if (is_stack) {
      // A server takes experts one by one, and the two ways in which models stack them cannot be
      // told apart by shape.
      refused.add(Status::rank_unsupported, module,
                  "got the weights of all experts in one tensor of shape " +
                      io::to_string(tensor.shape) + ", expected a matrix for each expert");
      return {};
    }
    Layer const layer{
        module,
        tensor.name,
        tensor.dtype,
        {static_cast<index_t>(tensor.shape[0]), static_cast<index_t>(tensor.shape[1])},
        **assignment};
    if (!visit_real(tensor.dtype, []<class T>() {})) {
      refused.add(Status::unknown_dtype, module,
                  std::string{"got "} + io::name(tensor.dtype) + ", expected F32, BF16 or F16");
    } else if (std::string const why = scheme(layer).why_not(layer.shape); !why.empty()) {
      refused.add(Status::block_not_divisor, module, why);
    } else {
      layers_.push_back(layer);
    }
    return {};
  }

  /// The assignment that a layer is for: one that names it, else the one that takes what the job
  /// selects. Names in two assignments are refused, since readers of the configuration disagree
  /// which of them wins.
  Result<std::optional<std::size_t>> assignment_of(std::string const& module) const {
    std::optional<std::size_t> named;
    std::optional<std::size_t> other;
    for (ModulePattern const& pattern : selection_->ignore) {
      if (pattern.matches(module))
        return named;
    }
    std::string first;
    for (std::size_t i = 0; i < assignments_->size(); ++i) {
      if ((*assignments_)[i].targets.empty())
        other = i;
      for (ModulePattern const& pattern : (*assignments_)[i].targets) {
        if (pattern.is_linear_class())
          other = i;
        if (pattern.is_linear_class() || !pattern.matches(module))
          continue;
        if (named && *named != i) {
          return Error{Status::config_invalid, where() + ": layer " + quoted(module) +
                                                   ": got the schemes of " + qfmt::quoted(first) +
                                                   " and " + quoted(pattern.text()) +
                                                   ", expected one"};
        }
        named = i;
        first = pattern.text();
      }
    }
    if (!named && other && (*selection_)(module))
      return other;
    return named;
  }

  Result<void> check_targets(std::vector<std::string> const& modules) const {
    auto const check = [&](std::vector<ModulePattern> const& targets) -> Result<void> {
      for (ModulePattern const& target : targets) {
        auto const is_meant = [&](std::string const& module) { return target.matches(module); };
        if (!target.is_linear_class() && std::none_of(modules.begin(), modules.end(), is_meant))
          return Error{Status::nothing_to_do,
                       where() + ": the target " + quoted(target.text()) + " matches no layer"};
      }
      return {};
    };
    for (Assignment<E> const& assignment : *assignments_) {
      if (auto checked = check(assignment.targets); !checked)
        return checked;
    }
    return check(selection_->targets);
  }

  /// Layers that are served as one matrix have one scheme. Where only some of them are quantized,
  /// some servers refuse the checkpoint: a warning.
  Result<void> check_fused() {
    std::map<std::string, Layer const*> fused;
    for (Layer const& layer : layers_) {
      auto const [first, is_new] = fused.try_emplace(fused_group(layer.module), &layer);
      if (is_new || first->second->assignment == layer.assignment)
        continue;
      return Error{Status::config_invalid, where() + ": layers " + quoted(first->second->module) +
                                               " and " + quoted(layer.module) +
                                               " are served as one matrix: got " +
                                               scheme(*first->second).name + " and " +
                                               scheme(layer).name + ", expected one scheme"};
    }
    for (std::string const& module : ignored_) {
      auto const partner = fused.find(fused_group(module));
      if (partner == fused.end())
        continue;
      warnings_.push_back("layers " + quoted(partner->second->module) + " and " + quoted(module) +
                          " are served as one matrix, and only the first is quantized");
    }
    return {};
  }

  /// Static inputs need what calibration has found, of every layer.
  Result<void> check_inputs() {
    for (Layer const& layer : layers_) {
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
    for (Layer const& layer : layers_) {
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
  std::vector<Layer> layers_;            // by tensor name
  std::vector<std::string> ignored_;     // linear layers that stay as they are
  std::vector<std::string> embeddings_;  // the same of embeddings
  std::map<std::string, std::vector<io::StoredTensor>> inputs_;  // of layers with static inputs
  std::vector<std::string> warnings_;
};

}  // namespace qfmt::oneshot
