// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>

#include <qfmt/io/checkpoint.hpp>
#include <qfmt/oneshot/layer_quantizer.hpp>
#include <qfmt/oneshot/layer_selection.hpp>

// Which layers of a checkpoint are to be quantized, by the names of its tensors.

namespace qfmt::oneshot {

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

/// The layers of a checkpoint that are to be quantized, and what is left.
struct FoundLayers {
  std::vector<Layer> layers;            // by tensor name
  std::vector<std::string> ignored;     // linear layers that stay as they are
  std::vector<std::string> embeddings;  // the same of embeddings
  std::vector<std::string> warnings;
};

namespace detail {

template <Executor E>
class LayerSearch {
 public:
  LayerSearch(io::Checkpoint const& checkpoint, LayerSelection const& selection,
              std::vector<Assignment<E>> const& assignments)
      : checkpoint_{&checkpoint}, selection_{&selection}, assignments_{&assignments} {}

  /// Refuses all that cannot be stored in one message.
  Result<FoundLayers> run() {
    Refusals refused;
    std::vector<std::string> modules;
    for (io::TensorInfo const& tensor : checkpoint_->tensors()) {
      if (auto taken = select(tensor, modules, refused); !taken)
        return taken.error();
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
      return matched.error();
    if (found_.layers.empty())
      return Error{Status::nothing_to_do, where() + ": no layer is selected"};
    auto& ignored = found_.ignored;
    if (std::find(ignored.begin(), ignored.end(), "lm_head") == ignored.end() &&
        checkpoint_->find("lm_head.weight") == nullptr) {
      ignored.emplace_back("lm_head");  // tied to the embedding: a module without a tensor
    }
    std::sort(found_.layers.begin(), found_.layers.end(),
              [](Layer const& a, Layer const& b) { return a.weight < b.weight; });
    std::sort(ignored.begin(), ignored.end());
    return std::move(found_);
  }

 private:
  [[nodiscard]] std::string where() const { return checkpoint_->path().string(); }

  struct Refusals {
    Status status = Status::ok;
    std::string lines;
    std::string flags;

    void add(Status why, std::string const& module, std::string const& message) {
      if (status == Status::ok)
        status = why;
      lines += "\n  " + quoted(module) + ": " + message;
      flags += " --ignore " + shell_word(module);
    }
  };

  Result<void> select(io::TensorInfo const& tensor, std::vector<std::string>& modules,
                      Refusals& refused) {
    std::string const module = is_expert_stack(tensor) && module_of(tensor.name).empty()
                                   ? tensor.name
                                   : module_of(tensor.name);
    bool const is_stack = is_expert_stack(tensor);
    if (module.empty() || (tensor.shape.size() != 2 && !is_stack) || !is_floating(tensor.dtype))
      return {};
    modules.push_back(module);
    auto const assignment = assignment_of(module);
    if (!assignment)
      return assignment.error();
    if (!*assignment) {
      ModuleKind const kind = module_kind(module);
      if (kind == ModuleKind::embedding) {
        found_.embeddings.push_back(module);
      } else if (kind != ModuleKind::norm) {
        found_.ignored.push_back(module);
        if (is_stack)
          found_.warnings.push_back("tensor " + quoted(tensor.name) + " of shape " +
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
    } else if (std::string const why =
                   (*assignments_)[layer.assignment].scheme.why_not(layer.shape);
               !why.empty()) {
      refused.add(Status::block_not_divisor, module, why);
    } else {
      found_.layers.push_back(layer);
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

  io::Checkpoint const* checkpoint_;
  LayerSelection const* selection_;
  std::vector<Assignment<E>> const* assignments_;
  FoundLayers found_;
};

}  // namespace detail

/// Finds the layers that assignments name, and those that the selection takes for the assignment
/// without names.
///
/// Errors: block_not_divisor, unknown_dtype or rank_unsupported (experts in one tensor), listing every
/// layer that cannot be stored; nothing_to_do, also for a target that matches no layer; config_invalid
/// for a layer that is named in two assignments.
template <Executor E>
[[nodiscard]] Result<FoundLayers> find_layers(io::Checkpoint const& checkpoint,
                                              LayerSelection const& selection,
                                              std::vector<Assignment<E>> const& assignments) {
  return detail::LayerSearch<E>{checkpoint, selection, assignments}.run();
}

}  // namespace qfmt::oneshot
