// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/awq.hpp>
#include <qfmt/calibration/rotation_modifier.hpp>
#include <qfmt/calibration/smoothquant.hpp>
#include <qfmt/oneshot/recipe_object.hpp>

// What recipes say of modifiers that change a model before it is quantized.

namespace qfmt::oneshot {

/// An input to be scaled: the module that it comes from, and layers that see it. Texts as
/// module_pattern.hpp has them.
struct RecipeMapping {
  std::string smooth_layer;
  std::vector<std::string> balance_layers;
};

struct AwqRecipe {
  static constexpr char const* type = "AWQModifier";
  AwqOptions options;
  std::vector<RecipeMapping> mappings;  // none: every input that the model can scale
};

struct SmoothQuantRecipe {
  static constexpr char const* type = "SmoothQuantModifier";
  SmoothQuantOptions options;
  std::vector<RecipeMapping> mappings;  // none: every input that comes from a norm
  std::vector<std::string> ignore;
};

struct RotationRecipe {
  static constexpr char const* type = "SpinQuantModifier";
  calibration::RotationOptions options;
};

namespace detail {

/// {"smooth_layer": TEXT, "balance_layers": [TEXT]}, as AWQ has it, or [[TEXT], TEXT], as SmoothQuant.
inline Result<void> read_mappings(RecipeObject const& object, std::vector<RecipeMapping>& to) {
  auto const found = object.json().find("mappings");
  if (found == object.json().end() || found->is_null())
    return {};
  if (!found->is_array())
    return object.fail(".mappings", "got " + found->dump() + ", expected an array");
  for (OrderedJson const& mapping : *found) {
    OrderedJson named = mapping;
    if (mapping.is_array() && mapping.size() == 2)
      named = {{"smooth_layer", mapping[1]}, {"balance_layers", mapping[0]}};
    RecipeObject const one{named, object.where() + ".mappings[" + std::to_string(to.size()) + "]"};
    RecipeMapping read;
    if (auto done = one.check_keys({"smooth_layer", "balance_layers"}, {"activation_hook_target"});
        !done)
      return done;
    if (auto done = one.read("smooth_layer", read.smooth_layer); !done)
      return done;
    if (auto done = one.read("balance_layers", read.balance_layers); !done)
      return done;
    if (read.smooth_layer.empty() || read.balance_layers.empty())
      return one.fail("", "got " + mapping.dump() + ", expected smooth_layer and balance_layers");
    to.push_back(std::move(read));
  }
  return {};
}

inline Result<void> read_awq(RecipeObject const& object, AwqRecipe& to) {
  index_t grid = to.options.grid;
  if (auto done = object.read("n_grid", grid, 4); !done)
    return done;
  to.options.grid = static_cast<int>((std::min)(grid, index_t{1} << 20));
  auto const duo = [&](OrderedJson const& v) {
    if (v != true && v != false && v != "both")
      return false;
    to.options.duo_scaling = v == "both" ? DuoScaling::both
                             : v == true ? DuoScaling::yes
                                         : DuoScaling::no;
    return true;
  };
  if (auto done = object.take("duo_scaling", "true, false or 'both'", duo); !done)
    return done;
  return read_mappings(object, to.mappings);
}

inline Result<void> read_smoothquant(RecipeObject const& object, SmoothQuantRecipe& to) {
  if (auto done = object.read("smoothing_strength", to.options.strength, 0.0, 1.0); !done)
    return done;
  auto const algorithm = [&](OrderedJson const& v) {
    if (v == "log_equalization")
      to.options.algorithm = Smoothing::log_equalization;
    return v == "smoothquant" || v == "log_equalization";
  };
  if (auto done = object.take("algorithm", "'smoothquant' or 'log_equalization'", algorithm); !done)
    return done;
  if (auto done = object.read("ignore", to.ignore); !done)
    return done;
  return read_mappings(object, to.mappings);
}

inline Result<void> read_rotation(RecipeObject const& object, RotationRecipe& to) {
  std::vector<std::string> rotations = {"R1", "R2"};
  std::string type = "hadamard";
  if (auto done = object.read("rotations", rotations); !done)
    return done;
  if (auto done = object.read("transform_type", type); !done)
    return done;
  if (auto done = object.read("transform_block_size", to.options.block, 1); !done)
    return done;
  to.options.residual = to.options.heads = false;
  for (std::string const& rotation : rotations) {
    if (rotation == "R3" || rotation == "R4")
      return Error{Status::unsupported,
                   object.where() + ".rotations: got " + quoted(rotation) +
                       ", expected R1 or R2: the others are computed while a model runs"};
    if (rotation != "R1" && rotation != "R2")
      return object.fail(".rotations", "got " + quoted(rotation) + ", expected R1 or R2");
    (rotation == "R1" ? to.options.residual : to.options.heads) = true;
  }
  if (rotations.empty())
    return object.fail(".rotations", "got none, expected R1 or R2");
  if (type == "random-matrix")
    return Error{Status::unsupported, object.where() + ".transform_type: got " +
                                          qfmt::quoted(type) +
                                          ", expected hadamard or random-hadamard"};
  if (type != "hadamard" && type != "random-hadamard")
    return object.fail(".transform_type",
                       "got " + qfmt::quoted(type) + ", expected hadamard or random-hadamard");
  to.options.random_signs = type == "random-hadamard";
  return {};
}

inline OrderedJson to_json(std::vector<RecipeMapping> const& mappings) {
  OrderedJson json = OrderedJson::array();
  for (RecipeMapping const& mapping : mappings)
    json.push_back(
        {{"smooth_layer", mapping.smooth_layer}, {"balance_layers", mapping.balance_layers}});
  return json;
}

inline OrderedJson to_json(AwqRecipe const& recipe) {
  OrderedJson json = OrderedJson::object();
  DuoScaling const duo = recipe.options.duo_scaling;
  json["duo_scaling"] =
      duo == DuoScaling::both ? OrderedJson("both") : OrderedJson(duo == DuoScaling::yes);
  json["n_grid"] = recipe.options.grid;
  if (!recipe.mappings.empty())
    json["mappings"] = to_json(recipe.mappings);
  return json;
}

inline OrderedJson to_json(SmoothQuantRecipe const& recipe) {
  OrderedJson json = OrderedJson::object();
  json["smoothing_strength"] = recipe.options.strength;
  json["algorithm"] =
      recipe.options.algorithm == Smoothing::smoothquant ? "smoothquant" : "log_equalization";
  if (!recipe.mappings.empty()) {
    json["mappings"] = OrderedJson::array();
    for (RecipeMapping const& mapping : recipe.mappings)
      json["mappings"].push_back(
          OrderedJson::array({OrderedJson(mapping.balance_layers), mapping.smooth_layer}));
  }
  if (!recipe.ignore.empty())
    json["ignore"] = recipe.ignore;
  return json;
}

inline OrderedJson to_json(RotationRecipe const& recipe) {
  OrderedJson json = OrderedJson::object();
  json["rotations"] = OrderedJson::array();
  if (recipe.options.residual)
    json["rotations"].push_back("R1");
  if (recipe.options.heads)
    json["rotations"].push_back("R2");
  json["transform_type"] = recipe.options.random_signs ? "random-hadamard" : "hadamard";
  if (recipe.options.block != 0)
    json["transform_block_size"] = recipe.options.block;
  return json;
}

}  // namespace detail

}  // namespace qfmt::oneshot
