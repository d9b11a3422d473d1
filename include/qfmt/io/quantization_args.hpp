// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <charconv>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/result.hpp>

namespace qfmt::io {

/// What a scheme quantizes; some words of the configuration depend on it.
enum class Role : uint8_t { weights, input_activations };

/// The description of one scheme in a configuration file, by the field names of compressed-tensors.
/// Texts that are empty are not set. Two descriptions are equal when they mean the same codes:
/// observers, the order in which weights were quantized, and the dtypes in which scales are kept do
/// not count.
struct QuantizationArgs {
  int num_bits = 8;
  std::string type = "int";  // int, float
  bool symmetric = true;
  std::optional<index_t> group_size;  // -1 in old files: a whole row
  std::string strategy = "tensor";  // tensor, channel, group, tensor_group, block, token, attn_head
  std::optional<std::array<index_t, 2>> block_structure;
  std::string dynamic = "false";   // false, true, local
  std::string actorder;            // static, weight; in old files also group, dynamic
  std::string scale_dtype;         // "torch.uint8"
  std::string zp_dtype;            // kept of asymmetric schemes
  std::string observer;            //
  nlohmann::json observer_kwargs;  // null, or an object with something in it

  /// The columns that share a scale; nothing where a row or more does.
  [[nodiscard]] std::optional<index_t> group() const {
    return group_size && *group_size > 0 ? group_size : std::nullopt;
  }
  /// Whether columns were grouped by the order of their activations: such a layer has weight_g_idx.
  [[nodiscard]] bool is_reordered() const { return actorder == "group" || actorder == "dynamic"; }

  friend bool operator==(QuantizationArgs const& a, QuantizationArgs const& b) {
    return a.num_bits == b.num_bits && a.type == b.type && a.symmetric == b.symmetric &&
           a.group() == b.group() && a.strategy == b.strategy &&
           a.block_structure == b.block_structure && a.dynamic == b.dynamic;
  }
};

/// The description of scheme S. Elements are described by kind and width alone; whether a reader
/// would take them for others, why_not_described says (compressed_format.hpp).
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
  if (!args.observer_kwargs.is_null())
    json["observer_kwargs"] = args.observer_kwargs;
  std::pair<char const*, std::string const&> const texts[] = {{"actorder", args.actorder},
                                                              {"scale_dtype", args.scale_dtype},
                                                              {"zp_dtype", args.zp_dtype},
                                                              {"observer", args.observer}};
  for (auto const& [key, text] : texts) {
    if (!text.empty())
      json[key] = text;
  }
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

/// A value of a file, if it is an integer from `low` to `high`. It is compared as a number, since
/// nlohmann::json's own comparisons are long to compile.
inline std::optional<index_t> integer_between(nlohmann::json const& value, index_t low,
                                              index_t high = INT64_MAX) {
  if (!value.is_number_integer() ||
      (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{INT64_MAX}))
    return {};
  index_t const number = value.get<index_t>();
  return number >= low && number <= high ? std::optional{number} : std::nullopt;
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
    derive();
    return check();
  }

 private:
  void take(std::string const& key, nlohmann::json const& value) {
    if (key == "num_bits") {
      auto const bits = integer_between(value, 1, 16);
      if (!bits)
        return fail(key, value, "an integer from 1 to 16");
      args_.num_bits = static_cast<int>(*bits);
    } else if (key == "type") {
      if (!take_word(value, {"int", "float"}, args_.type))
        return fail(key, value, "\"int\" or \"float\"");
    } else if (key == "symmetric") {
      if (!value.is_boolean())
        return fail(key, value, "true or false");
      args_.symmetric = value.get<bool>();
    } else if (key == "group_size") {
      if (value.is_null())
        return;
      auto const size = integer_between(value, -1);
      if (!size || *size == 0)
        return fail(key, value, "null or a positive integer");
      args_.group_size = *size;
    } else if (key == "strategy") {
      if (value.is_null())
        return;
      has_strategy_ = take_word(
          value, {"tensor", "channel", "group", "tensor_group", "block", "token", "attn_head"},
          args_.strategy);
      if (!has_strategy_)
        return fail(key, value, "a strategy");
    } else if (key == "block_structure") {
      if (!value.is_null() && !take_block(value))
        return fail(key, value, "null or two positive integers");
    } else if (key == "dynamic") {
      if (value.is_boolean())
        args_.dynamic = value.get<bool>() ? "true" : "false";
      else if (!take_word(value, {"local"}, args_.dynamic))
        return fail(key, value, "true, false or \"local\"");
    } else if (key == "actorder") {
      // Versions before 0.20 read true as "group".
      if (value.is_boolean())
        args_.actorder = value.get<bool>() ? "group" : "";
      else if (!value.is_null() &&
               !take_word(value, {"static", "weight", "group", "dynamic"}, args_.actorder))
        return fail(key, value, "null or an activation order");
    } else if (key == "scale_dtype" || key == "zp_dtype" || key == "observer") {
      if (!value.is_null() && !value.is_string())
        return fail(key, value, "null or a string");
      if (value.is_string())
        take_text(key, value.get<std::string>());
    } else if (key == "observer_kwargs") {
      if (!value.is_null() && !value.is_object())
        return fail(key, value, "an object");
      if (!value.empty())
        args_.observer_kwargs = value;
    } else {
      fail(key, value, "no such field");
    }
  }

  /// One of these words, in any case of letters.
  static bool take_word(nlohmann::json const& value, std::initializer_list<char const*> words,
                        std::string& word) {
    if (!value.is_string())
      return false;
    std::string text = value.get<std::string>();
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    for (char const* known : words) {
      if (text == known)
        return word = known, true;
    }
    return false;
  }

  void take_text(std::string const& key, std::string const& text) {
    if (key == "observer") {
      args_.observer = text;
      return;
    }
    std::string const dtype = text.starts_with("torch.") ? text : "torch." + text;
    (key == "zp_dtype" ? args_.zp_dtype : args_.scale_dtype) = dtype;
  }

  /// [128, 128], or "128x128" as old files have it.
  bool take_block(nlohmann::json const& value) {
    std::array<index_t, 2> block{};
    if (value.is_string()) {
      std::string const& text = value.get_ref<std::string const&>();
      char const* const end = text.data() + text.size();
      auto const rows = std::from_chars(text.data(), end, block[0]);
      if (rows.ec != std::errc{} || rows.ptr == end || *rows.ptr != 'x')
        return false;
      auto const cols = std::from_chars(rows.ptr + 1, end, block[1]);
      if (cols.ec != std::errc{} || cols.ptr != end)
        return false;
    } else {
      if (!value.is_array() || value.size() != 2)
        return false;
      auto const rows = integer_between(value[0], 1);
      auto const cols = integer_between(value[1], 1);
      if (!rows || !cols)
        return false;
      block = {*rows, *cols};
    }
    args_.block_structure = block;
    return block[0] > 0 && block[1] > 0;
  }

  void derive() {
    if (args_.symmetric)
      args_.zp_dtype.clear();
    if (has_strategy_)
      return;
    args_.strategy = args_.block_structure ? "block"
                     : args_.group()       ? "group"
                     : args_.group_size    ? "channel"
                                           : "tensor";
  }

  Result<QuantizationArgs> check() const {
    auto const refused = [this](std::string const& message) {
      return Error{Status::config_invalid, path_ + ": " + message};
    };
    std::string const strategy = "strategy '" + args_.strategy + "' ";
    bool const grouped = args_.strategy == "group" || args_.strategy == "tensor_group";
    if (grouped != args_.group().has_value())
      return refused(strategy + (grouped ? "needs" : "does not take") + " a group_size");
    if ((args_.strategy == "block") != args_.block_structure.has_value()) {
      return refused("block_structure and strategy 'block' go together, got strategy '" +
                     args_.strategy + "'");
    }
    if (args_.strategy == "token" && args_.dynamic == "false")
      return refused(strategy + "needs to be dynamic");
    if (args_.dynamic == "local" && args_.strategy != "tensor_group")
      return refused(strategy + "cannot be local, only 'tensor_group' can");
    if (args_.dynamic == "true" && args_.strategy != "token" && args_.strategy != "tensor" &&
        !grouped)
      return refused(strategy + "cannot be dynamic");
    if (!args_.symmetric && args_.type == "float")
      return refused("a float type must be symmetric");
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
/// It takes what versions of the package before 0.20 wrote, too. Errors: config_invalid for a field
/// that is not known, a value that makes no sense, or fields that contradict each other.
[[nodiscard]] inline Result<QuantizationArgs> parse_quantization_args(nlohmann::json const& json,
                                                                      std::string const& path) {
  return detail::ArgsReader{json, path}.read();
}

}  // namespace qfmt::io
