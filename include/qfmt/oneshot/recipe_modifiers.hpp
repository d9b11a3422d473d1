// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/awq_modifier.hpp>
#include <qfmt/calibration/gptq_modifier.hpp>
#include <qfmt/calibration/rotation_modifier.hpp>
#include <qfmt/calibration/smoothquant_modifier.hpp>
#include <qfmt/oneshot/module_pattern.hpp>
#include <qfmt/oneshot/recipe.hpp>

// The modifiers that a recipe asks for.

namespace qfmt::oneshot {

/// Transforms in their order, then the modifier that quantizes.
struct RecipeOrder {
  std::vector<ModifierRecipe const*> transforms;
  ModifierRecipe const* last = nullptr;

  /// What the last one says of layers and schemes.
  [[nodiscard]] QuantizationRecipe const& quantization() const {
    if (auto const* const gptq = std::get_if<GptqRecipe>(last))
      return *gptq;
    return *std::get_if<QuantizationRecipe>(last);
  }
  /// Null if it rounds to nearest.
  [[nodiscard]] GptqRecipe const* gptq() const { return std::get_if<GptqRecipe>(last); }
};

/// Refers to the recipe. Errors: nothing_to_do without a modifier that quantizes; unsupported for two of
/// them, for a transform behind it, and for actorder group.
[[nodiscard]] inline Result<RecipeOrder> recipe_order(Recipe const& recipe) {
  RecipeOrder order;
  for (RecipeStage const& stage : recipe.stages) {
    for (ModifierRecipe const& modifier : stage.modifiers) {
      bool const quantizes = std::holds_alternative<QuantizationRecipe>(modifier) ||
                             std::holds_alternative<GptqRecipe>(modifier);
      if (order.last != nullptr)
        return Error{Status::unsupported,
                     quantizes ? "recipe: got two modifiers that quantize, expected one"
                               : "recipe: got a transform behind the modifier that quantizes, "
                                 "expected it before"};
      if (quantizes)
        order.last = &modifier;
      else
        order.transforms.push_back(&modifier);
    }
  }
  if (order.last == nullptr)
    return Error{Status::nothing_to_do, "recipe: got no modifier that quantizes"};
  if (order.gptq() != nullptr && order.gptq()->actorder == ActivationOrder::group)
    return Error{Status::unsupported,
                 "recipe: got actorder group, expected static, which serves as well and needs no "
                 "column order in the checkpoint"};
  return order;
}

/// The inputs that mappings name: those whose source a smooth_layer matches and one of whose layers a
/// balance_layer does. All layers that see an input are scaled, named or not: outputs would change
/// otherwise. None of them, and not the source, may match `ignore`.
///
/// Errors: pattern_invalid.
[[nodiscard]] inline Result<calibration::InputSelection> input_selection(
    std::vector<RecipeMapping> const& mappings, std::vector<std::string> const& ignore = {}) {
  using Patterns = std::vector<ModulePattern>;
  std::vector<std::pair<Patterns, Patterns>> parsed;
  for (RecipeMapping const& mapping : mappings) {
    auto smooth = parse_patterns({mapping.smooth_layer});
    if (!smooth)
      return smooth.error();
    auto balance = parse_patterns(mapping.balance_layers);
    if (!balance)
      return balance.error();
    parsed.emplace_back(*std::move(smooth), *std::move(balance));
  }
  auto ignored = parse_patterns(ignore);
  if (!ignored)
    return ignored.error();
  return calibration::InputSelection{[parsed = std::move(parsed), ignored = *std::move(ignored)](
                                         calibration::InputSource const& source,
                                         std::vector<std::string> const& layers) {
    auto const matches = [](Patterns const& patterns, std::string const& module) {
      return std::any_of(patterns.begin(), patterns.end(),
                         [&](ModulePattern const& p) { return p.matches(module); });
    };
    auto const any = [&](Patterns const& patterns) {
      return std::any_of(layers.begin(), layers.end(),
                         [&](std::string const& layer) { return matches(patterns, layer); });
    };
    if (matches(ignored, source.module) || any(ignored))
      return false;
    return parsed.empty() || std::any_of(parsed.begin(), parsed.end(), [&](auto const& mapping) {
             return matches(mapping.first, source.module) && any(mapping.second);
           });
  }};
}

/// The modifier of a transform, for what will be quantized by these schemes. Errors: pattern_invalid.
[[nodiscard]] inline Result<calibration::AnyModifier> make_transform(
    ModifierRecipe const& recipe, calibration::SchemeOf const& scheme_of) {
  using calibration::AnyModifier;
  if (auto const* const awq = std::get_if<AwqRecipe>(&recipe)) {
    auto selection = input_selection(awq->mappings);
    if (!selection)
      return selection.error();
    return AnyModifier{
        std::make_shared<calibration::AwqModifier>(scheme_of, awq->options, *std::move(selection))};
  }
  if (auto const* const smooth = std::get_if<SmoothQuantRecipe>(&recipe)) {
    auto selection = input_selection(smooth->mappings, smooth->ignore);
    if (!selection)
      return selection.error();
    return AnyModifier{
        std::make_shared<calibration::SmoothQuantModifier>(smooth->options, *std::move(selection))};
  }
  return AnyModifier{
      std::make_shared<calibration::RotationModifier>(std::get<RotationRecipe>(recipe).options)};
}

}  // namespace qfmt::oneshot
