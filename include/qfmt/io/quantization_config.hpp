// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <qfmt/io/quantization_args.hpp>

// The `quantization_config` object of a model's config.json as a value: what compressed-tensors can
// say of a model, and nothing that it cannot.

namespace qfmt::io {

/// The version of compressed-tensors whose files are written.
inline constexpr char const* compressed_tensors_version = "0.20.0";

/// How some of a model's modules are quantized. What is not set is not quantized.
struct ConfigGroup {
  std::string name;  // the key: "group_0", or a preset
  /// Module names, "re:" and a pattern, or class names.
  std::vector<std::string> targets;
  std::optional<QuantizationArgs> weights;
  std::optional<QuantizationArgs> input_activations;
  std::optional<QuantizationArgs> output_activations;
  std::string format;  // how weights are stored; empty: as the configuration says for all

  friend bool operator==(ConfigGroup const&, ConfigGroup const&) = default;
};

/// A model's configuration. Sub-objects of other trades (sparsity, transforms) stay as they are.
struct QuantizationConfig {
  std::vector<ConfigGroup> groups;  // by name, as they stand in a file
  std::string format;               // "mixed-precision" where groups have several
  std::vector<std::string> ignore;  // modules that are not quantized, whatever matches them
  std::optional<QuantizationArgs> kv_cache_scheme;
  std::string status = "compressed";
  std::string version = compressed_tensors_version;
  nlohmann::json sparsity_config = nlohmann::json::object();
  nlohmann::json transform_config = nlohmann::json::object();
  nlohmann::json moe_sparsity_config;       // null: none
  nlohmann::json global_compression_ratio;  // null, or a number

  /// The format of a group's weights.
  [[nodiscard]] std::string const& format_of(ConfigGroup const& group) const {
    return group.format.empty() ? format : group.format;
  }

  friend bool operator==(QuantizationConfig const&, QuantizationConfig const&) = default;
};

/// The format of a whole model from those of its groups.
[[nodiscard]] inline std::string joint_format(std::vector<ConfigGroup> const& groups) {
  for (ConfigGroup const& group : groups) {
    if (group.format != groups.front().format)
      return "mixed-precision";
  }
  return groups.empty() ? "dense" : groups.front().format;
}

namespace detail {

inline nlohmann::json to_json(std::optional<QuantizationArgs> const& args) {
  return args ? io::to_json(*args) : nlohmann::json();
}

inline Error config_error(std::string const& message) {
  return {Status::config_invalid, "config.json: quantization_config" + message};
}

/// The text of an object's field; empty if there is none.
inline std::string text_of(nlohmann::json const& object, char const* key) {
  auto const found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// A field of an object, null where there is none.
inline nlohmann::json const& field(nlohmann::json const& object, char const* key) {
  static nlohmann::json const null;
  auto const found = object.find(key);
  return found == object.end() ? null : *found;
}

/// Refuses an object whose format is one that compressed-tensors once wrote and has dropped.
inline Result<void> check_format(nlohmann::json const& object, std::string const& where) {
  std::string const format = object.is_object() ? text_of(object, "format") : std::string{};
  for (char const* removed : {"marlin-24", "sparse-bitmask", "sparse-24-bitmask"}) {
    if (format == removed)
      return config_error(where + ".format: got " + quoted(format) +
                          ", which was removed from compressed-tensors and is not read");
  }
  return {};
}

/// An array of strings; null is an empty one.
inline Result<std::vector<std::string>> read_texts(nlohmann::json const& json,
                                                   std::string const& where) {
  std::vector<std::string> texts;
  if (json.is_null())
    return texts;
  if (!json.is_array())
    return config_error(where + ": got " + shown_value(json) + ", expected an array");
  for (auto const& entry : json) {
    if (!entry.is_string())
      return config_error(where + ": got " + shown_value(entry) + ", expected strings");
    texts.push_back(entry.get<std::string>());
  }
  return texts;
}

/// The object of a scheme, or null where nothing is quantized.
inline Result<std::optional<QuantizationArgs>> read_args(nlohmann::json const& json,
                                                         std::string const& where) {
  if (json.is_null())
    return std::optional<QuantizationArgs>{};
  auto args = parse_quantization_args(json, "config.json: quantization_config" + where);
  if (!args)
    return args.error();
  return std::optional{*std::move(args)};
}

/// The group of a preset's name and a list of targets: {"W4A16": ["Linear"]}.
inline Result<ConfigGroup> read_preset_group(std::string const& key, nlohmann::json const& targets,
                                             std::string const& where) {
  ConfigGroup group;
  bool const is_known = visit_preset<preset::Published>(key.c_str(), [&]<class P>() {
    group.weights = describe<typename P::Weights>(Role::weights);
    if constexpr (!same_as<typename P::InputActivations, void>)
      group.input_activations = describe<typename P::InputActivations>(Role::input_activations);
  });
  if (!is_known)
    return config_error(where + ": got " + shown_value(targets) +
                        ", expected an object with weights, or a preset's name as the key");
  auto texts = read_texts(targets, where);
  if (!texts)
    return texts.error();
  group.targets = *std::move(texts);
  return group;
}

inline Result<ConfigGroup> read_group(std::string const& key, nlohmann::json const& json) {
  std::string const where = ".config_groups." + shown_key(key);
  if (json.is_array()) {
    auto group = read_preset_group(key, json, where);
    if (group)
      group->name = key;
    return group;
  }
  if (!json.is_object() || !json.contains("weights"))
    return config_error(where + ": got " + shown_value(json) + ", expected an object with weights");
  for (auto const& [name, value] : json.items()) {
    bool const is_known = name == "weights" || name == "input_activations" ||
                          name == "output_activations" || name == "targets" || name == "format";
    if (!is_known)
      return config_error(where + "." + shown_key(name) + ": got " + shown_value(value) +
                          ", expected no such field");
  }
  if (auto valid = check_format(json, where); !valid)
    return valid.error();
  ConfigGroup group;
  group.name = key;
  group.format = text_of(json, "format");
  if (group.format == "mixed-precision")
    return config_error(where + ".format: got 'mixed-precision', expected the format of one group");
  auto targets = read_texts(field(json, "targets"), where + ".targets");
  if (!targets)
    return targets.error();
  group.targets = *std::move(targets);
  std::pair<char const*, std::optional<QuantizationArgs>&> const sides[] = {
      {"weights", group.weights},
      {"input_activations", group.input_activations},
      {"output_activations", group.output_activations}};
  for (auto const& [side, into] : sides) {
    auto args = read_args(field(json, side), where + "." + side);
    if (!args)
      return args.error();
    into = *std::move(args);
  }
  return group;
}

}  // namespace detail

/// The object as compressed-tensors 0.20 writes it, key by key.
[[nodiscard]] inline nlohmann::json to_json(QuantizationConfig const& config) {
  using Json = nlohmann::json;
  Json groups = Json::object();
  for (ConfigGroup const& group : config.groups) {
    groups[group.name] = {{"format", group.format.empty() ? Json() : Json(group.format)},
                          {"input_activations", detail::to_json(group.input_activations)},
                          {"output_activations", detail::to_json(group.output_activations)},
                          {"targets", group.targets},
                          {"weights", detail::to_json(group.weights)}};
  }
  return {{"config_groups", groups},
          {"format", config.format},
          {"global_compression_ratio", config.global_compression_ratio},
          {"ignore", config.ignore},
          {"kv_cache_scheme", detail::to_json(config.kv_cache_scheme)},
          {"moe_sparsity_config", config.moe_sparsity_config},
          {"quant_method", "compressed-tensors"},
          {"quantization_status", config.status},
          {"sparsity_config", config.sparsity_config},
          {"transform_config", config.transform_config},
          {"version", config.version}};
}

/// Reads `quantization_config` from a model's configuration, as versions from 0.9 on write it. Keys
/// of the object that are not known are passed over, as the package does; those of groups and
/// schemes are not.
///
/// Errors: config_invalid, naming the key, for a missing object, another quant_method, a format
/// that was removed from compressed-tensors, no group and no kv_cache_scheme, a field that is not
/// known, or a value that makes no sense.
[[nodiscard]] inline Result<QuantizationConfig> parse_quantization_config(
    nlohmann::json const& model_config) {
  using detail::config_error;
  if (!model_config.is_object() || !model_config.contains("quantization_config"))
    return config_error(": not found");
  nlohmann::json const& json = model_config["quantization_config"];
  if (!json.is_object())
    return config_error(": expected an object");
  if (std::string const method = detail::text_of(json, "quant_method");
      method != "compressed-tensors") {
    return config_error(".quant_method: got " + quoted(method) + ", expected 'compressed-tensors'");
  }
  if (auto valid = detail::check_format(json, ""); !valid)
    return valid.error();
  QuantizationConfig config;
  config.sparsity_config = detail::field(json, "sparsity_config");
  if (auto valid = detail::check_format(config.sparsity_config, ".sparsity_config"); !valid)
    return valid.error();
  if (config.sparsity_config.is_null())
    config.sparsity_config = nlohmann::json::object();
  config.transform_config = detail::field(json, "transform_config");
  if (config.transform_config.is_null())
    config.transform_config = nlohmann::json::object();
  config.moe_sparsity_config = detail::field(json, "moe_sparsity_config");
  config.global_compression_ratio = detail::field(json, "global_compression_ratio");
  config.format = detail::text_of(json, "format");
  config.version = detail::text_of(json, "version");
  if (std::string status = detail::text_of(json, "quantization_status"); !status.empty())
    config.status = std::move(status);

  auto kv_cache = detail::read_args(detail::field(json, "kv_cache_scheme"), ".kv_cache_scheme");
  if (!kv_cache)
    return kv_cache.error();
  config.kv_cache_scheme = *std::move(kv_cache);
  nlohmann::json const& groups = detail::field(json, "config_groups");
  bool const has_groups = groups.is_object() && !groups.empty();
  if (!has_groups && !(config.kv_cache_scheme && (groups.is_object() || groups.is_null())))
    return config_error(".config_groups: expected an object with a group");
  for (auto const& [key, value] : groups.items()) {
    auto group = detail::read_group(key, value);
    if (!group)
      return group.error();
    config.groups.push_back(*std::move(group));
  }
  auto ignore = detail::read_texts(detail::field(json, "ignore"), ".ignore");
  if (!ignore)
    return ignore.error();
  config.ignore = *std::move(ignore);
  return config;
}

}  // namespace qfmt::io
