// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/column_feedback.hpp>
#include <qfmt/io/activation_scale.hpp>
#include <qfmt/oneshot/recipe_object.hpp>

// What recipes say of modifiers that quantize.

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
  /// How attention keeps keys and values: 8-bit floats with one static scale.
  std::optional<io::QuantizationArgs> kv_cache_scheme;
};

struct GptqRecipe : QuantizationRecipe {
  static constexpr char const* type = "GPTQModifier";
  index_t block_size = 128;
  double dampening_frac = 0.01;
  ActivationOrder actorder = ActivationOrder::weight;
};

namespace detail {

/// The keys that they have in common.
inline constexpr std::string_view quantization_keys[] = {
    "targets", "ignore", "scheme", "config_groups", "weight_observer", "kv_cache_scheme"};

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
  auto cache = read_recipe_args(object.json(), "kv_cache_scheme", object.where());
  if (!cache)
    return cache.error();
  if (*cache) {
    std::string const why = io::why_not_servable(**cache);
    if (!why.empty() || (*cache)->strategy != "tensor")
      return Error{Status::unsupported, object.where() + ".kv_cache_scheme: " +
                                            (why.empty() ? "got a scale for each head, expected "
                                                           "one for the tensor"
                                                         : why)};
    to.kv_cache_scheme = **std::move(cache);
  }
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
  if (recipe.kv_cache_scheme)
    json["kv_cache_scheme"] = OrderedJson::parse(io::to_json(*recipe.kv_cache_scheme).dump());
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

}  // namespace qfmt::oneshot
