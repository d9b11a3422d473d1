// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>

#include <qfmt/oneshot/quantization_recipe.hpp>
#include <qfmt/oneshot/transform_recipe.hpp>

// What is to be done to a model, in the words of llm-compressor's recipes.

namespace qfmt::oneshot {

using ModifierRecipe =
    std::variant<QuantizationRecipe, GptqRecipe, AwqRecipe, SmoothQuantRecipe, RotationRecipe>;

struct RecipeStage {
  std::string name;  // "quant" of quant_stage
  std::vector<ModifierRecipe> modifiers;
};

namespace detail {

using Keys = std::vector<std::string_view>;

/// Checks the keys of a modifier and reads them.
template <class M, class Read>
Result<void> read_modifier(RecipeObject const& object, Keys const& known, Keys const& unsupported,
                           Read const& read, std::vector<ModifierRecipe>& to) {
  M recipe;
  if (auto done = object.check_keys(known, unsupported); !done)
    return done;
  if (auto done = read(object, recipe); !done)
    return done;
  to.emplace_back(std::move(recipe));
  return {};
}

/// Appends the modifiers that one of a recipe stands for: AWQ with a scheme of its own, as it was
/// before it became a transform, is followed by rounding to that scheme.
inline Result<void> read_modifier(std::string const& type, OrderedJson const& json,
                                  std::string const& where, std::vector<ModifierRecipe>& to) {
  RecipeObject const object{json, where + "." + type};
  Keys quantization(std::begin(quantization_keys), std::end(quantization_keys));
  Keys const not_here = {"observer",           "input_observer",   "output_observer",
                         "sequential_targets", "offload_hessians", "bypass_divisibility_checks"};
  if (type == QuantizationRecipe::type)
    return read_modifier<QuantizationRecipe>(object, quantization, not_here, read_quantization, to);
  if (type == GptqRecipe::type) {
    quantization.insert(quantization.end(), {"block_size", "dampening_frac", "actorder"});
    return read_modifier<GptqRecipe>(object, quantization, not_here, read_gptq, to);
  }
  if (type == AwqRecipe::type) {
    Keys known = {"n_grid", "duo_scaling", "mappings"};
    known.insert(known.end(), quantization.begin(), quantization.end());
    Keys unsupported = {"offload_device", "force_balance"};
    unsupported.insert(unsupported.end(), not_here.begin(), not_here.end());
    if (auto done = read_modifier<AwqRecipe>(object, known, unsupported, read_awq, to); !done)
      return done;
    bool const quantizes = std::any_of(quantization.begin(), quantization.end(), [&](auto key) {
      auto const found = json.find(std::string{key});
      return found != json.end() && !found->is_null();
    });
    if (!quantizes)
      return {};
    return read_modifier<QuantizationRecipe>(object, known, unsupported, read_quantization, to);
  }
  if (type == SmoothQuantRecipe::type)
    return read_modifier<SmoothQuantRecipe>(
        object, {"smoothing_strength", "mappings", "ignore", "algorithm"},
        {"num_calibration_steps", "calibration_function"}, read_smoothquant, to);
  if (type == RotationRecipe::type)
    return read_modifier<RotationRecipe>(
        object, {"rotations", "transform_type", "transform_block_size"},
        {"randomize", "learnable", "precision", "mappings", "norm_mappings", "transform_config"},
        read_rotation, to);
  if (type == "QuIPModifier")
    return Error{Status::unsupported, where +
                                          ": got QuIPModifier, whose rotations are computed "
                                          "while a model runs, expected SpinQuantModifier"};
  Keys const types = {QuantizationRecipe::type, GptqRecipe::type, AwqRecipe::type,
                      SmoothQuantRecipe::type, RotationRecipe::type};
  return Error{Status::config_invalid,
               where + ": got the modifier " + quoted(type) + ", expected " +
                   quoted(std::string{nearest_name(type, types)}) + " or another known one"};
}

/// "quant" of "quant_stage"; nothing for another ending.
inline std::optional<std::string> without_ending(std::string const& text, std::string_view ending) {
  if (text.size() <= ending.size() || !text.ends_with(ending))
    return {};
  return text.substr(0, text.size() - ending.size());
}

}  // namespace detail

/// Stages of modifiers, in the order in which they are applied.
///
///     {"quant_stage": {"quant_modifiers": {"GPTQModifier": {"scheme": "W4A16", "ignore": ["lm_head"]}}}}
struct Recipe {
  std::vector<RecipeStage> stages;

  /// Reads the published schema, written as JSON; `where` begins every message. The order of keys is
  /// the order of execution.
  ///
  /// Errors: those of parse_json and from_json.
  [[nodiscard]] static Result<Recipe> parse(std::string_view text, std::string const& where) {
    // Strict first: the parser that keeps the order takes more than JSON allows.
    if (auto valid = io::parse_json(text, where); !valid)
      return valid.error();
    return from_json(detail::OrderedJson::parse(text, nullptr, false), where);
  }

  /// The same of a value, from io::parse_yaml (io/yaml.hpp) for instance.
  ///
  /// Errors: config_invalid, with the path, for anything that is not a recipe: of a key that is not
  /// known it names the nearest that is; unsupported.
  [[nodiscard]] static Result<Recipe> from_json(nlohmann::ordered_json const& json,
                                                std::string const& where) {
    Recipe recipe;
    if (!json.is_object() || json.empty())
      return Error{Status::config_invalid, where + ": expected an object of stages"};
    for (auto const& [stage_key, stage_json] : json.items()) {
      auto const stage = detail::without_ending(stage_key, "_stage");
      if (!stage || !stage_json.is_object())
        return Error{Status::config_invalid,
                     where + ": got " + quoted(stage_key) + ", expected NAME_stage, an object"};
      RecipeStage read{*stage, {}};
      for (auto const& [key, modifiers] : stage_json.items()) {
        std::string const path = where + ": " + stage_key + "." + key;
        if (!detail::without_ending(key, "_modifiers") || !modifiers.is_object())
          return Error{Status::config_invalid, where + ": " + stage_key + ": got " + quoted(key) +
                                                   ", expected NAME_modifiers, an object"};
        for (auto const& [type, modifier] : modifiers.items()) {
          if (auto done = detail::read_modifier(type, modifier, path, read.modifiers); !done)
            return done.error();
        }
      }
      recipe.stages.push_back(std::move(read));
    }
    return recipe;
  }

  /// The same schema, with every value that was used; YAML readers take it, too.
  [[nodiscard]] std::string to_json() const {
    detail::OrderedJson json = detail::OrderedJson::object();
    for (RecipeStage const& stage : stages) {
      auto& modifiers = json[stage.name + "_stage"][stage.name + "_modifiers"];
      modifiers = detail::OrderedJson::object();
      for (ModifierRecipe const& modifier : stage.modifiers)
        std::visit([&]<class M>(M const& m) { modifiers[M::type] = detail::to_json(m); }, modifier);
    }
    return json.dump(2) + "\n";
  }
};

}  // namespace qfmt::oneshot
