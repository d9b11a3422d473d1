// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/rtn.hpp>
#include <qfmt/oneshot/oneshot_scheme.hpp>
#include <qfmt/oneshot/recipe.hpp>

namespace qfmt::oneshot {

/// Which layers of a checkpoint a recipe quantizes, and how: its names become schemes of a job.
class SchemeSelection {
 public:
  using Plan = LayerPlan<Serial const>;

  /// Refers to the schemes. Errors: unknown_scheme, naming those there are; pattern_invalid.
  [[nodiscard]] static Result<SchemeSelection> create(QuantizationRecipe const& recipe,
                                                      std::vector<OneshotScheme> const& schemes) {
    SchemeSelection selection{schemes};
    auto ignore = parse_patterns(recipe.ignore);
    if (!ignore)
      return ignore.error();
    selection.layers_.ignore = *std::move(ignore);
    Result<void> added;
    if (!recipe.scheme.empty()) {
      auto const is_named = [&](OneshotScheme const& s) {
        std::string_view const name = s.stored.name;
        return std::equal(name.begin(), name.end(), recipe.scheme.begin(), recipe.scheme.end(),
                          [](char a, char b) { return a == (b >= 'a' && b <= 'z' ? b - 32 : b); });
      };
      added =
          selection.add(quoted(recipe.scheme), recipe.weight_observer, is_named, recipe.targets);
    }
    for (RecipeGroup const& group : recipe.groups) {
      auto const is_alike = [&](OneshotScheme const& s) {
        auto const described = s.stored.group();
        return described.weights == group.weights &&
               described.input_activations == group.input_activations;
      };
      std::string const& observer =
          is_plain(group.weights.observer) ? recipe.weight_observer : group.weights.observer;
      if (added)
        added = selection.add("config_groups." + group.name, observer, is_alike, group.targets);
    }
    if (!added)
      return added.error();
    return selection;
  }

  /// Whatever can be refused without calibration: the plan of the checkpoint without input scales.
  ///
  /// Errors: those of LayerPlan; config_invalid for a layer that the model does not have.
  Result<void> match(io::Checkpoint const& checkpoint, calibration::ModelRef const& model) {
    auto assignments = assignments_;
    for (auto& assignment : assignments) assignment.scheme.data_free = nullptr;
    InputScales const no_scales;
    auto const plan = Plan::create(checkpoint, layers_, assignments, no_scales);
    if (!plan)
      return plan.error();
    for (Layer const& layer : plan->layers()) {
      auto const is_it = [&](auto const& l) { return l.name == layer.module; };
      if (std::none_of(model.layers().begin(), model.layers().end(), is_it))
        return Error{Status::config_invalid,
                     "layer " + quoted(layer.module) + ": the model has none of this name"};
      scheme_of_[layer.module] = scheme_of_assignment_[layer.assignment];
    }
    return {};
  }

  /// What calibration works with; refers to this.
  [[nodiscard]] calibration::SchemeOf scheme_of() const {
    return [this](calibration::LinearLayer const& layer) -> calibration::ErasedScheme const* {
      auto const found = scheme_of_.find(layer.name);
      return found == scheme_of_.end() ? nullptr : &(*schemes_)[found->second].found;
    };
  }
  /// Of a layer that is quantized.
  [[nodiscard]] OneshotScheme const& scheme(std::string const& module) const {
    return (*schemes_)[scheme_of_.at(module)];
  }
  /// The plan of the output, which refers to this and to the scales.
  [[nodiscard]] Result<Plan> plan(io::Checkpoint const& checkpoint,
                                  InputScales const& scales) const {
    return Plan::create(checkpoint, layers_, assignments_, scales);
  }

 private:
  explicit SchemeSelection(std::vector<OneshotScheme> const& schemes) : schemes_{&schemes} {}

  /// Whether an observer is what schemes have anyway.
  static bool is_plain(std::string const& observer) {
    return observer.empty() || observer == "minmax" || observer == "memoryless_minmax" ||
           observer == "static_minmax";
  }

  [[nodiscard]] std::string known_schemes() const {
    std::string names;
    for (OneshotScheme const& scheme : *schemes_)
      names += (names.empty() ? "" : ", ") + std::string{scheme.stored.name} +
               (scheme.observer.empty() ? "" : " with " + scheme.observer);
    return names;
  }

  /// Takes the first scheme that a predicate is true for.
  template <class Is>
  Result<void> add(std::string const& wanted, std::string const& observer, Is const& is,
                   std::vector<std::string> const& targets) {
    auto const found = std::find_if(
        schemes_->begin(), schemes_->end(),
        [&](OneshotScheme const& scheme) { return scheme.observer == observer && is(scheme); });
    if (found == schemes_->end())
      return Error{Status::unknown_scheme, "recipe: got " + wanted +
                                               (observer.empty() ? "" : " with " + observer) +
                                               ", expected one of " + known_schemes()};
    auto patterns = parse_patterns(targets);
    if (!patterns)
      return patterns.error();
    assignments_.push_back({found->stored, *std::move(patterns)});
    scheme_of_assignment_.push_back(static_cast<std::size_t>(found - schemes_->begin()));
    return {};
  }

  std::vector<OneshotScheme> const* schemes_;
  LayerSelection layers_;
  std::vector<Assignment<Serial const>> assignments_;
  std::vector<std::size_t> scheme_of_assignment_;
  std::map<std::string, std::size_t> scheme_of_;  // of each module
};

}  // namespace qfmt::oneshot
