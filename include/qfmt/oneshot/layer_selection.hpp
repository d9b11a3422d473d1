// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/oneshot/module_pattern.hpp>

namespace qfmt::oneshot {

/// Of the tensor "a.b.weight": "a.b", the module that it is a parameter of.
[[nodiscard]] inline std::string owner_of(std::string const& tensor) {
  return tensor.substr(0, tensor.rfind('.'));
}
/// And "weight".
[[nodiscard]] inline std::string_view parameter_of(std::string_view tensor) {
  return tensor.substr(tensor.rfind('.') + 1);
}

/// What the name of a module says about it, where no model definition is at hand.
enum class ModuleKind : uint8_t { linear, embedding, head, norm, router };

/// Judges by the last component of the name, as published checkpoints spell it.
[[nodiscard]] inline ModuleKind module_kind(std::string_view module) {
  std::string_view const leaf = module.substr(module.rfind('.') + 1);
  auto const has = [leaf](std::string_view part) {
    return leaf.find(part) != std::string_view::npos;
  };
  if (leaf == "lm_head" || leaf == "embed_out")
    return ModuleKind::head;
  if (has("embed") || leaf == "wte" || leaf == "wpe")
    return ModuleKind::embedding;
  if (has("norm") || leaf == "ln_1" || leaf == "ln_2" || leaf == "ln_f")
    return ModuleKind::norm;
  if (leaf == "gate" || has("router") || leaf == "shared_expert_gate")
    return ModuleKind::router;
  return ModuleKind::linear;
}

/// Which layers to quantize. Without targets: every linear layer. With targets: what they name,
/// also heads and routers. `ignore` always wins.
struct LayerSelection {
  std::vector<ModulePattern> targets;
  std::vector<ModulePattern> ignore;

  [[nodiscard]] bool operator()(std::string_view module) const {
    for (ModulePattern const& pattern : ignore) {
      if (pattern.matches(module))
        return false;
    }
    bool const is_linear = module_kind(module) == ModuleKind::linear;
    if (targets.empty())
      return is_linear;
    for (ModulePattern const& pattern : targets) {
      if (pattern.is_linear_class() ? is_linear : pattern.matches(module))
        return true;
    }
    return false;
  }
};

/// The layers that a model server fuses with `module` into one matrix product, as a key: equal
/// keys, one shared NVFP4 tensor scale. q/k/v, gate/up, the two first projections of multi-head
/// latent attention, and w1/w3 of an expert; any other module is alone.
[[nodiscard]] inline std::string fused_group(std::string_view module) {
  struct Member {
    std::string_view leaf;
    std::string_view group;
  };
  constexpr Member members[] = {
      {"q_proj", "qkv"},
      {"k_proj", "qkv"},
      {"v_proj", "qkv"},
      {"gate_proj", "gate_up"},
      {"up_proj", "gate_up"},
      {"q_a_proj", "qkv_a"},
      {"kv_a_proj_with_mqa", "qkv_a"},
      {"w1", "w13"},
      {"w3", "w13"},
  };
  std::size_t const leaf_start = module.rfind('.') + 1;
  for (Member const& member : members) {
    if (module.substr(leaf_start) == member.leaf)
      return std::string{module.substr(0, leaf_start)} + '<' + std::string{member.group} + '>';
  }
  return std::string{module};
}

}  // namespace qfmt::oneshot
