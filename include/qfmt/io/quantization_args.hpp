// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/result.hpp>

namespace qfmt::io {

/// What a scheme quantizes; some words of the configuration depend on it.
enum class Role : uint8_t { weights, input_activations };

/// The description of one scheme in a configuration file, by the field names of compressed-tensors.
/// Two descriptions are equal when they mean the same codes: observers and the dtypes in which
/// scales are kept do not count.
struct QuantizationArgs {
  int num_bits = 8;
  std::string type = "int";  // int, float
  bool symmetric = true;
  std::optional<index_t> group_size;
  std::string strategy = "tensor";  // tensor, channel, group, tensor_group, block, token
  std::optional<std::array<index_t, 2>> block_structure;
  std::string dynamic = "false";  // false, true, local
  std::string scale_dtype;        // empty: not set
  std::string observer;           // empty: not set

  friend bool operator==(QuantizationArgs const& a, QuantizationArgs const& b) {
    return a.num_bits == b.num_bits && a.type == b.type && a.symmetric == b.symmetric &&
           a.group_size == b.group_size && a.strategy == b.strategy &&
           a.block_structure == b.block_structure && a.dynamic == b.dynamic;
  }
};

/// The description of scheme S.
template <Scheme S>
[[nodiscard]] QuantizationArgs describe(Role role) {
  using F = typename S::Format;
  using G = typename S::Granularity;
  QuantizationArgs args;
  args.num_bits = F::bits;
  args.type = IntegerFormat<F> ? "int" : "float";
  args.symmetric = !S::has_zero_point;
  if (G::rows == whole && G::cols == whole) {
    args.strategy = "tensor";
  } else if (G::rows == 1 && G::cols == whole) {
    args.strategy = role == Role::weights ? "channel" : "token";
  } else if (G::rows == 1) {
    args.strategy = S::has_global ? "tensor_group" : "group";
    args.group_size = G::cols;
  } else {
    args.strategy = "block";
    args.block_structure = {G::rows, G::cols};
  }
  bool const is_dynamic = same_as<typename S::Timing, Dynamic>;
  args.dynamic = is_dynamic                                         ? "true"
                 : S::has_global && role == Role::input_activations ? "local"
                                                                    : "false";
  if (same_as<typename S::Stored, Code<UE4M3>>)
    args.scale_dtype = "torch.float8_e4m3fn";
  if (same_as<typename S::Stored, Code<E8M0>>)
    args.scale_dtype = "torch.uint8";
  if (role == Role::input_activations && !is_dynamic)
    args.observer = "static_minmax";
  return args;
}

/// As compressed-tensors 0.20 writes it: fields that are not set are left out.
[[nodiscard]] inline nlohmann::json to_json(QuantizationArgs const& args) {
  nlohmann::json json = {{"num_bits", args.num_bits},
                         {"strategy", args.strategy},
                         {"symmetric", args.symmetric},
                         {"type", args.type}};
  json["group_size"] = args.group_size ? nlohmann::json(*args.group_size) : nlohmann::json();
  json["dynamic"] =
      args.dynamic == "local" ? nlohmann::json("local") : nlohmann::json(args.dynamic == "true");
  if (args.block_structure)
    json["block_structure"] = *args.block_structure;
  if (!args.scale_dtype.empty())
    json["scale_dtype"] = args.scale_dtype;
  if (!args.observer.empty())
    json["observer"] = args.observer;
  return json;
}

namespace detail {

/// A key of a file in the path of a message: as it is, or quoted when it holds anything unusual.
inline std::string shown_key(std::string const& key) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !key.empty() && key.size() <= 64 && key.find_first_not_of(plain) == std::string::npos
             ? key
             : quoted(key);
}

/// A value of a file in a message.
inline std::string shown_value(nlohmann::json const& value) {
  return quoted(value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

/// Reads the fields of one "weights" or "input_activations" object, refusing what is not known.
class ArgsReader {
 public:
  ArgsReader(nlohmann::json const& json, std::string const& path) : json_{json}, path_{path} {}

  Result<QuantizationArgs> read() {
    if (!json_.is_object())
      return Error{Status::config_invalid,
                   path_ + ": got " + json_.type_name() + ", expected an object"};
    for (auto const& [key, value] : json_.items()) take(key, value);
    if (!error_.message.empty())
      return error_;
    derive_strategy();
    return check();
  }

 private:
  void take(std::string const& key, nlohmann::json const& value) {
    if (key == "num_bits") {
      if (!value.is_number_integer() || value < 1 || value > 16)
        return fail(key, value, "an integer from 1 to 16");
      args_.num_bits = value.get<int>();
    } else if (key == "type") {
      if (value != "int" && value != "float")
        return fail(key, value, "\"int\" or \"float\"");
      args_.type = value.get<std::string>();
    } else if (key == "symmetric") {
      if (!value.is_boolean())
        return fail(key, value, "true or false");
      args_.symmetric = value.get<bool>();
    } else if (key == "group_size") {
      if (value.is_null() || value == -1)
        return;
      if (!value.is_number_integer() || value < 1)
        return fail(key, value, "null or a positive integer");
      args_.group_size = value.get<index_t>();
    } else if (key == "strategy") {
      constexpr std::string_view known[] = {"tensor", "channel", "group",    "tensor_group",
                                            "block",  "token",   "attn_head"};
      if (value.is_null())
        return;
      for (std::string_view const strategy : known) {
        if (value == strategy)
          args_.strategy = strategy, has_strategy_ = true;
      }
      if (!has_strategy_)
        return fail(key, value, "a strategy");
    } else if (key == "block_structure") {
      if (value.is_null())
        return;
      bool const pair = value.is_array() && value.size() == 2 && value[0].is_number_integer() &&
                        value[1].is_number_integer();
      if (!pair || value[0] < 1 || value[1] < 1)
        return fail(key, value, "null or two positive integers");
      args_.block_structure = {value[0].get<index_t>(), value[1].get<index_t>()};
    } else if (key == "dynamic") {
      if (!value.is_boolean() && value != "local")
        return fail(key, value, "true, false or \"local\"");
      args_.dynamic = value.is_boolean() ? (value.get<bool>() ? "true" : "false") : "local";
    } else if (key == "scale_dtype" || key == "observer") {
      if (!value.is_null() && !value.is_string())
        return fail(key, value, "null or a string");
      if (value.is_string())
        (key == "observer" ? args_.observer : args_.scale_dtype) = value.get<std::string>();
    } else if (key != "actorder" && key != "zp_dtype" && key != "observer_kwargs") {
      fail(key, value, "no such field");
    }
  }

  void derive_strategy() {
    if (has_strategy_)
      return;
    args_.strategy = args_.block_structure                               ? "block"
                     : args_.group_size                                  ? "group"
                     : json_.value("group_size", nlohmann::json()) == -1 ? "channel"
                                                                         : "tensor";
  }

  Result<QuantizationArgs> check() const {
    bool const grouped = args_.strategy == "group" || args_.strategy == "tensor_group";
    if (grouped != args_.group_size.has_value()) {
      return Error{Status::config_invalid, path_ + ": strategy '" + args_.strategy + "' " +
                                               (grouped ? "needs" : "does not take") +
                                               " a group_size"};
    }
    if ((args_.strategy == "block") != args_.block_structure.has_value()) {
      return Error{Status::config_invalid,
                   path_ + ": block_structure and strategy 'block' go together, got strategy '" +
                       args_.strategy + "'"};
    }
    if (!args_.symmetric && args_.type == "float")
      return Error{Status::config_invalid, path_ + ": a float type must be symmetric"};
    return args_;
  }

  void fail(std::string const& key, nlohmann::json const& value, std::string const& expected) {
    if (!error_.message.empty())
      return;
    error_ = {Status::config_invalid, path_ + "." + shown_key(key) + ": got " + shown_value(value) +
                                          ", expected " + expected};
  }

  nlohmann::json const& json_;
  std::string path_;
  QuantizationArgs args_;
  bool has_strategy_ = false;
  Error error_;
};

}  // namespace detail

/// Reads a description. `path` is where it stands in the file, for messages.
/// Errors: config_invalid for a field that is not known or a value that makes no sense.
[[nodiscard]] inline Result<QuantizationArgs> parse_quantization_args(nlohmann::json const& json,
                                                                      std::string const& path) {
  return detail::ArgsReader{json, path}.read();
}

}  // namespace qfmt::io
