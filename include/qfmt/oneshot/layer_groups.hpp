// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <qfmt/io/quantization_config.hpp>
#include <qfmt/oneshot/module_pattern.hpp>

namespace qfmt::oneshot {

/// The groups of a configuration, to be asked which of them a module belongs to. As
/// compressed-tensors 0.20 decides it: what is ignored belongs to none; a target that is the
/// module's name comes before a pattern, a pattern before the name of its class; among those of one
/// kind the first in the order of their texts; and of groups with the same target the last.
class LayerGroups {
 public:
  /// Errors: pattern_invalid.
  [[nodiscard]] static Result<LayerGroups> create(io::QuantizationConfig const& config) {
    LayerGroups groups;
    auto ignore = parse_patterns(config.ignore);
    if (!ignore)
      return ignore.error();
    groups.ignore_ = *std::move(ignore);
    for (std::size_t i = 0; i < config.groups.size(); ++i) {
      auto targets = parse_patterns(config.groups[i].targets);
      if (!targets)
        return targets.error();
      for (ModulePattern& target : *targets) groups.targets_.push_back({std::move(target), i});
    }
    std::stable_sort(
        groups.targets_.begin(), groups.targets_.end(), [](auto const& a, auto const& b) {
          return a.rank() != b.rank() ? a.rank() < b.rank() : a.pattern.text() < b.pattern.text();
        });
    return groups;
  }

  /// The position of a module's group in the configuration, or nothing. `class_name` is that of the
  /// model definition: "Linear", "Embedding".
  [[nodiscard]] std::optional<std::size_t> find(std::string_view module,
                                                std::string_view class_name = "Linear") const {
    auto const is_named = [&](ModulePattern const& pattern) {
      return pattern.matches(module) || pattern.text() == class_name;
    };
    if (std::any_of(ignore_.begin(), ignore_.end(), is_named))
      return {};
    Target const* best = nullptr;
    for (bool const by_class : {false, true}) {
      for (Target const& target : targets_) {
        bool const matches =
            by_class ? target.pattern.text() == class_name : target.pattern.matches(module);
        bool const replaces = best == nullptr || target.pattern.text() == best->pattern.text();
        if (matches && replaces)
          best = &target;
      }
      if (best != nullptr)
        return best->group;
    }
    return {};
  }

 private:
  struct Target {
    ModulePattern pattern;
    std::size_t group;
    [[nodiscard]] int rank() const { return pattern.is_regular_expression() ? 1 : 0; }
  };

  std::vector<Target> targets_;  // in the order of preference
  std::vector<ModulePattern> ignore_;
};

}  // namespace qfmt::oneshot
