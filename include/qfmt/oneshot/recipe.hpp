// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>

#include <qfmt/calibration/column_feedback.hpp>
#include <qfmt/io/json.hpp>
#include <qfmt/io/quantization_args.hpp>
#include <qfmt/oneshot/nearest_name.hpp>

// What is to be done to a model, in the words of llm-compressor's recipes.

namespace qfmt::oneshot {

/// Layers, and the scheme they get: part of config_groups.
struct RecipeGroup {
  std::string name;
  std::vector<std::string> targets;
  io::QuantizationArgs weights;
  std::optional<io::QuantizationArgs> input_activations;
};

/// What modifiers that quantize have in common: a scheme by name, or groups of layers.
struct QuantizationRecipe {
  static constexpr char const* type = "QuantizationModifier";
  std::vector<std::string> targets = {"Linear"};
  std::vector<std::string> ignore;
  std::string scheme;               // a preset; empty: groups
  std::vector<RecipeGroup> groups;  // config_groups
  std::string weight_observer;      // a search; empty: the scheme's own
};

struct GptqRecipe : QuantizationRecipe {
  static constexpr char const* type = "GPTQModifier";
  index_t block_size = 128;
  double dampening_frac = 0.01;
  ActivationOrder actorder = ActivationOrder::weight;
};

using ModifierRecipe = std::variant<QuantizationRecipe, GptqRecipe>;

struct RecipeStage {
  std::string name;  // "quant" of quant_stage
  std::vector<ModifierRecipe> modifiers;
};

namespace detail {

using OrderedJson = nlohmann::ordered_json;

/// Reads one object of a recipe, key by key, and knows which keys there are.
class RecipeObject {
 public:
  RecipeObject(OrderedJson const& json, std::string where)
      : json_{json}, where_{std::move(where)} {}

  /// Errors: config_invalid for a key that is not known, naming the nearest that is; unsupported for
  /// one whose meaning this library does not have, unless its value says nothing.
  Result<void> check_keys(std::vector<std::string_view> const& known,
                          std::vector<std::string_view> const& unsupported = {}) const {
    if (!json_.is_object())
      return fail("", "got " + std::string{json_.type_name()} + ", expected an object");
    for (auto const& [key, value] : json_.items()) {
      if (std::find(known.begin(), known.end(), key) != known.end())
        continue;
      if (std::find(unsupported.begin(), unsupported.end(), key) != unsupported.end()) {
        if (value.is_null() || value == false)
          continue;
        return Error{Status::unsupported, where_ + "." + key + ": is not supported"};
      }
      return fail("", "got the key " + quoted(key) + ", expected " +
                          quoted(std::string{nearest_name(key, known)}) + " or another known one");
    }
    return {};
  }

  Result<void> read(char const* key, std::string& to) const {
    return take(key, "a text", [&](OrderedJson const& v) {
      return v.is_string() && (to = v.get<std::string>(), true);
    });
  }
  Result<void> read(char const* key, std::vector<std::string>& to) const {
    return take(key, "a text or an array of texts", [&](OrderedJson const& v) {
      if (v.is_string()) {
        to = {v.get<std::string>()};
        return true;
      }
      if (!v.is_array() ||
          !std::all_of(v.begin(), v.end(), [](auto const& e) { return e.is_string(); }))
        return false;
      to = v.get<std::vector<std::string>>();
      return true;
    });
  }
  Result<void> read(char const* key, index_t& to, index_t least) const {
    return take(key, "a whole number from " + std::to_string(least) + " on",
                [&](OrderedJson const& v) {
                  return v.is_number_integer() && v.get<int64_t>() >= least &&
                         (to = v.get<int64_t>(), true);
                });
  }
  Result<void> read(char const* key, double& to, double least, double most) const {
    return take(key, "a number from " + std::to_string(least) + " to " + std::to_string(most),
                [&](OrderedJson const& v) {
                  return v.is_number() && v.get<double>() >= least && v.get<double>() <= most &&
                         (to = v.get<double>(), true);
                });
  }

  /// Calls read(value) where the key is there and not null; false: not what was expected.
  template <class Read>
  Result<void> take(char const* key, std::string const& expected, Read const& read_value) const {
    auto const found = json_.find(key);
    if (found == json_.end() || found->is_null() || read_value(*found))
      return {};
    return fail(std::string{"."} + key, "got " + found->dump() + ", expected " + expected);
  }

  [[nodiscard]] OrderedJson const& json() const noexcept { return json_; }
  [[nodiscard]] std::string const& where() const noexcept { return where_; }
  [[nodiscard]] Error fail(std::string const& at, std::string const& message) const {
    return {Status::config_invalid, where_ + at + ": " + message};
  }

 private:
  OrderedJson const& json_;
  std::string where_;
};

inline Result<std::optional<io::QuantizationArgs>> read_recipe_args(OrderedJson const& group,
                                                                    char const* key,
                                                                    std::string const& where) {
  auto const found = group.find(key);
  if (found == group.end() || found->is_null())
    return std::optional<io::QuantizationArgs>{};
  auto args = io::parse_quantization_args(nlohmann::json::parse(found->dump()), where + "." + key);
  if (!args)
    return args.error();
  return std::optional{*std::move(args)};
}

inline Result<void> read_groups(OrderedJson const& json, std::string const& where,
                                std::vector<RecipeGroup>& groups) {
  for (auto const& [name, group] : json.items()) {
    RecipeObject const object{group, where + "." + name};
    if (auto known = object.check_keys({"targets", "weights", "input_activations"},
                                       {"output_activations", "format"});
        !known)
      return known;
    RecipeGroup read{name, {"Linear"}, {}, {}};
    if (auto done = object.read("targets", read.targets); !done)
      return done;
    auto weights = read_recipe_args(group, "weights", object.where());
    if (!weights)
      return weights.error();
    if (!*weights)
      return object.fail(".weights", "got nothing, expected a description");
    read.weights = **std::move(weights);
    auto inputs = read_recipe_args(group, "input_activations", object.where());
    if (!inputs)
      return inputs.error();
    read.input_activations = *std::move(inputs);
    groups.push_back(std::move(read));
  }
  return {};
}

inline Result<void> read_quantization(RecipeObject const& object, QuantizationRecipe& to) {
  if (auto done = object.read("targets", to.targets); !done)
    return done;
  if (auto done = object.read("ignore", to.ignore); !done)
    return done;
  if (auto done = object.read("scheme", to.scheme); !done)
    return done;
  if (auto done = object.read("weight_observer", to.weight_observer); !done)
    return done;
  auto const groups = object.json().find("config_groups");
  if (groups != object.json().end() && !groups->is_null()) {
    if (!groups->is_object() || groups->empty())
      return object.fail(".config_groups", "got " + groups->dump() + ", expected an object");
    if (auto done = read_groups(*groups, object.where() + ".config_groups", to.groups); !done)
      return done;
  }
  if (to.scheme.empty() == to.groups.empty())
    return object.fail("", to.scheme.empty() ? "got neither scheme nor config_groups"
                                             : "got scheme and config_groups, expected one");
  return {};
}

inline Result<void> read_gptq(RecipeObject const& object, GptqRecipe& to) {
  if (auto done = read_quantization(object, to); !done)
    return done;
  if (auto done = object.read("block_size", to.block_size, 1); !done)
    return done;
  if (auto done = object.read("dampening_frac", to.dampening_frac, 0.0, 1.0); !done)
    return done;
  // Null is a value here: none.
  auto const order = object.json().find("actorder");
  if (order == object.json().end())
    return {};
  if (order->is_null() || *order == false) {
    to.actorder = ActivationOrder::none;
  } else if (*order == "static" || *order == "weight") {
    to.actorder = ActivationOrder::weight;
  } else if (*order == "group" || *order == "dynamic" || *order == true) {
    to.actorder = ActivationOrder::group;
  } else {
    return object.fail(".actorder", "got " + order->dump() + ", expected static, group or null");
  }
  return {};
}

inline Result<ModifierRecipe> read_modifier(std::string const& type, OrderedJson const& json,
                                            std::string const& where) {
  RecipeObject const object{json, where + "." + type};
  std::vector<std::string_view> known = {"targets", "ignore", "scheme", "config_groups",
                                         "weight_observer"};
  std::vector<std::string_view> const unsupported = {
      "kv_cache_scheme",           "observer",           "input_observer",
      "output_observer",           "sequential_targets", "offload_hessians",
      "bypass_divisibility_checks"};
  if (type == QuantizationRecipe::type) {
    QuantizationRecipe recipe;
    if (auto done = object.check_keys(known, unsupported); !done)
      return done.error();
    if (auto done = read_quantization(object, recipe); !done)
      return done.error();
    return ModifierRecipe{std::move(recipe)};
  }
  if (type == GptqRecipe::type) {
    GptqRecipe recipe;
    known.insert(known.end(), {"block_size", "dampening_frac", "actorder"});
    if (auto done = object.check_keys(known, unsupported); !done)
      return done.error();
    if (auto done = read_gptq(object, recipe); !done)
      return done.error();
    return ModifierRecipe{std::move(recipe)};
  }
  std::vector<std::string_view> const types = {QuantizationRecipe::type, GptqRecipe::type};
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

inline OrderedJson to_json(QuantizationRecipe const& recipe) {
  OrderedJson json = OrderedJson::object();
  json["targets"] = recipe.targets;
  json["ignore"] = recipe.ignore;
  if (!recipe.scheme.empty())
    json["scheme"] = recipe.scheme;
  for (RecipeGroup const& group : recipe.groups) {
    OrderedJson& to = json["config_groups"][group.name];
    to["targets"] = group.targets;
    to["weights"] = OrderedJson::parse(io::to_json(group.weights).dump());
    if (group.input_activations)
      to["input_activations"] = OrderedJson::parse(io::to_json(*group.input_activations).dump());
  }
  if (!recipe.weight_observer.empty())
    json["weight_observer"] = recipe.weight_observer;
  return json;
}

inline OrderedJson to_json(GptqRecipe const& recipe) {
  OrderedJson json = to_json(static_cast<QuantizationRecipe const&>(recipe));
  json["block_size"] = recipe.block_size;
  json["dampening_frac"] = recipe.dampening_frac;
  json["actorder"] = recipe.actorder == ActivationOrder::none     ? OrderedJson()
                     : recipe.actorder == ActivationOrder::weight ? OrderedJson("static")
                                                                  : OrderedJson("group");
  return json;
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
  /// Errors: those of parse_json; config_invalid, with the path, for anything that is not a recipe: of
  /// a key that is not known it names the nearest that is; unsupported.
  [[nodiscard]] static Result<Recipe> parse(std::string_view text, std::string const& where) {
    // Strict first: the parser that keeps the order takes more than JSON allows.
    if (auto valid = io::parse_json(text, where); !valid)
      return valid.error();
    auto const json = detail::OrderedJson::parse(text, nullptr, false);
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
          auto one = detail::read_modifier(type, modifier, path);
          if (!one)
            return one.error();
          read.modifiers.push_back(*std::move(one));
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
