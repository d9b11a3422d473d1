// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <qfmt/io/compressed_layer.hpp>
#include <qfmt/io/quantization_args.hpp>

// The `quantization_config` object of a model's config.json, as compressed-tensors 0.20 writes it,
// and layers read back from a checkpoint that has one.

namespace qfmt::io {

/// The version of compressed-tensors whose files are written.
inline constexpr char const* compressed_tensors_version = "0.20.0";

/// The object for a model quantized with a preset. `ignore` lists the linear layers that are not.
template <class Preset>
[[nodiscard]] nlohmann::json quantization_config(std::vector<std::string> const& ignore) {
  using Json = nlohmann::json;
  Json activations;
  if constexpr (!same_as<typename Preset::InputActivations, void>) {
    activations = to_json(describe<typename Preset::InputActivations>(Role::input_activations));
  }
  char const* const format = name(compressed_format<Preset>());
  Json const group = {{"format", format},
                      {"input_activations", activations},
                      {"output_activations", nullptr},
                      {"targets", Json::array({"Linear"})},
                      {"weights", to_json(describe<typename Preset::Weights>(Role::weights))}};
  return {{"config_groups", {{"group_0", group}}},
          {"format", format},
          {"global_compression_ratio", nullptr},
          {"ignore", ignore},
          {"kv_cache_scheme", nullptr},
          {"moe_sparsity_config", nullptr},
          {"quant_method", "compressed-tensors"},
          {"quantization_status", "compressed"},
          {"sparsity_config", Json::object()},
          {"transform_config", Json::object()},
          {"version", compressed_tensors_version}};
}

/// What a checkpoint's configuration says, as far as one preset can say it.
struct CompressedTensorsConfig {
  std::string preset;
  CompressedFormat format = CompressedFormat::pack_quantized;
  std::vector<std::string> ignore;
};

namespace detail {

inline Error config_error(std::string const& message) {
  return {Status::config_invalid, "config.json: quantization_config" + message};
}

/// The preset whose weights and activations are described by these, or config_invalid.
inline Result<CompressedTensorsConfig> match_preset(
    QuantizationArgs const& weights, std::optional<QuantizationArgs> const& activations,
    std::string const& format, std::string const& where) {
  std::optional<CompressedTensorsConfig> match;
  bool format_differs = false;
  preset::All::for_each([&]<class P>() {
    if (match || describe<typename P::Weights>(Role::weights) != weights)
      return;
    std::optional<QuantizationArgs> inputs;
    if constexpr (!same_as<typename P::InputActivations, void>)
      inputs = describe<typename P::InputActivations>(Role::input_activations);
    if (inputs != activations)
      return;
    if (format != name(compressed_format<P>())) {
      format_differs = true;
    } else {
      match = CompressedTensorsConfig{P::name, compressed_format<P>(), {}};
    }
  });
  if (match)
    return *match;
  if (format_differs)
    return config_error(where + ".format: got " + quoted(format) +
                        ", which does not go with this scheme here");
  return config_error(where + ": no preset has these weights and input activations");
}

/// The text of an object's field; empty if there is none.
inline std::string text_of(nlohmann::json const& object, char const* key) {
  auto const found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
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

/// A group has fields that are known, and no quantized outputs: no preset has.
inline Result<void> check_group(nlohmann::json const& group, std::string const& where) {
  if (!group.is_object() || !group.contains("weights"))
    return config_error(where + ": got " + shown_value(group) +
                        ", expected an object with weights");
  for (auto const& [key, value] : group.items()) {
    if (key == "output_activations" && !value.is_null())
      return config_error(where + ".output_activations: got " + shown_value(value) +
                          ", expected null");
    bool const is_known = key == "weights" || key == "input_activations" ||
                          key == "output_activations" || key == "targets" || key == "format";
    if (!is_known)
      return config_error(where + "." + shown_key(key) + ": got " + shown_value(value) +
                          ", expected no such field");
  }
  return check_format(group, where);
}

/// The modules that are not quantized.
inline Result<std::vector<std::string>> read_ignore(nlohmann::json const& config) {
  std::vector<std::string> ignore;
  auto const found = config.find("ignore");
  if (found == config.end() || found->is_null())
    return ignore;
  if (!found->is_array())
    return config_error(".ignore: got " + shown_value(*found) + ", expected an array");
  for (auto const& entry : *found) {
    if (!entry.is_string())
      return config_error(".ignore: got " + shown_value(entry) + ", expected strings");
    ignore.push_back(entry.get<std::string>());
  }
  return ignore;
}

}  // namespace detail

/// Reads `quantization_config` from a model's configuration.
///
/// Errors: config_invalid, naming the key, for a missing object, another quant_method, a format
/// that is not known (formats removed from compressed-tensors are named as such), more than one
/// config group, a field that is not known, or a scheme that is no preset.
[[nodiscard]] inline Result<CompressedTensorsConfig> parse_quantization_config(
    nlohmann::json const& model_config) {
  if (!model_config.is_object() || !model_config.contains("quantization_config"))
    return detail::config_error(": not found");
  nlohmann::json const& config = model_config["quantization_config"];
  if (!config.is_object())
    return detail::config_error(": expected an object");
  if (std::string const method = detail::text_of(config, "quant_method");
      method != "compressed-tensors") {
    return detail::config_error(".quant_method: got " + quoted(method) +
                                ", expected 'compressed-tensors'");
  }
  if (auto valid = detail::check_format(config, ""); !valid)
    return valid.error();
  if (auto const sparsity = config.find("sparsity_config"); sparsity != config.end()) {
    if (auto valid = detail::check_format(*sparsity, ".sparsity_config"); !valid)
      return valid.error();
  }
  auto const groups = config.find("config_groups");
  if (groups == config.end() || !groups->is_object() || groups->empty())
    return detail::config_error(".config_groups: expected an object with a group");
  if (groups->size() > 1)
    return detail::config_error(".config_groups: got " + std::to_string(groups->size()) +
                                " groups, expected one");

  std::string const where = ".config_groups." + detail::shown_key(groups->begin().key());
  nlohmann::json const& group = groups->begin().value();
  if (auto valid = detail::check_group(group, where); !valid)
    return valid.error();
  auto const weights = parse_quantization_args(
      group["weights"], "config.json: quantization_config" + where + ".weights");
  if (!weights)
    return weights.error();
  std::optional<QuantizationArgs> activations;
  if (group.contains("input_activations") && !group["input_activations"].is_null()) {
    auto parsed =
        parse_quantization_args(group["input_activations"],
                                "config.json: quantization_config" + where + ".input_activations");
    if (!parsed)
      return parsed.error();
    activations = *std::move(parsed);
  }
  std::string const own_format = detail::text_of(group, "format");
  auto match = detail::match_preset(
      *weights, activations, own_format.empty() ? detail::text_of(config, "format") : own_format,
      where);
  if (!match)
    return match.error();
  auto ignore = detail::read_ignore(config);
  if (!ignore)
    return ignore.error();
  match->ignore = *std::move(ignore);
  return match;
}

/// Anything that tensors can be read from by name.
template <class Source>
concept TensorSource = requires(Source const& source, std::string const& tensor,
                                std::span<std::byte> into) {
  { source.find(tensor)->dtype } -> std::convertible_to<Dtype>;
  { source.find(tensor)->shape } -> std::convertible_to<std::vector<uint64_t>>;
  { source.read(*source.find(tensor), into) } -> std::same_as<Result<void>>;
};

namespace detail {

/// The shape of a stored weight: written out where the codes are packed into words, else from the
/// codes.
template <Scheme S, TensorSource Source>
Result<Shape> stored_shape(Source const& source, CompressedFormat format,
                           std::string const& module) {
  auto const fail = [&module](Status status, std::string const& message) {
    return Error{status, "layer " + quoted(module) + ": " + message};
  };
  if (format == CompressedFormat::pack_quantized) {
    auto const* const info = source.find(module + ".weight_shape");
    if (info == nullptr)
      return fail(Status::checkpoint_incomplete, "weight_shape is missing");
    if (info->dtype != Dtype::I64 || info->shape != std::vector<uint64_t>{2})
      return fail(Status::shape_mismatch, "weight_shape: expected I64 [2]");
    int64_t shape[2];
    if (auto read = source.read(*info, std::as_writable_bytes(std::span{shape})); !read)
      return read.error();
    if (shape[0] <= 0 || shape[1] <= 0 || shape[0] > (int64_t{1} << 40) ||
        shape[1] > (int64_t{1} << 40)) {
      return fail(Status::shape_mismatch, "weight_shape: got " + std::to_string(shape[0]) + " x " +
                                              std::to_string(shape[1]));
    }
    return Shape{shape[0], shape[1]};
  }
  bool const packed = format == CompressedFormat::nvfp4_pack_quantized ||
                      format == CompressedFormat::mxfp4_pack_quantized;
  auto const* const info = source.find(module + (packed ? ".weight_packed" : ".weight"));
  if (info == nullptr)
    return fail(Status::checkpoint_incomplete,
                std::string{packed ? "weight_packed" : "weight"} + " is missing");
  if (info->shape.size() != 2)
    return fail(Status::rank_unsupported,
                "got shape " + to_string(info->shape) + ", expected two dimensions");
  return Shape{static_cast<index_t>(info->shape[0]),
               static_cast<index_t>(info->shape[1]) * (packed ? 2 : 1)};
}

}  // namespace detail

/// Reads one layer of a quantized checkpoint.
///
/// Errors: checkpoint_incomplete for a missing tensor, checkpoint_ambiguous for a weight that is
/// there twice, shape_mismatch for a dtype or a shape that does not fit the others,
/// block_not_divisor, and those of fill_layer; all name the layer.
template <Scheme S, TensorSource Source>
[[nodiscard]] Result<QuantTensor<S>> load_layer(Source const& source, CompressedFormat format,
                                                std::string const& module) {
  auto const shape = detail::stored_shape<S>(source, format, module);
  if (!shape)
    return shape.error();
  if (std::string const why = why_not_storable<S>(*shape); !why.empty())
    return Error{Status::block_not_divisor, "layer " + quoted(module) + ": " + why};

  // Everything is checked before memory is taken, so that a lying weight_shape cannot ask for any.
  auto const tensors = layer_tensors<S>(format, *shape);
  if (tensors[0].suffix == "weight_packed" && source.find(module + ".weight") != nullptr) {
    return Error{
        Status::checkpoint_ambiguous,
        "layer " + quoted(module) + ": got both weight and weight_packed, expected one of them"};
  }
  for (LayerTensor const& tensor : tensors) {
    auto const* const info = source.find(module + "." + tensor.suffix);
    if (info == nullptr)
      return Error{Status::checkpoint_incomplete,
                   "layer " + quoted(module) + ": " + tensor.suffix + " is missing"};
    if (info->dtype != tensor.dtype || info->shape != tensor.shape) {
      return Error{Status::shape_mismatch, "layer " + quoted(module) + ": " + tensor.suffix +
                                               ": got " + name(info->dtype) + " " +
                                               to_string(info->shape) + ", expected " +
                                               name(tensor.dtype) + " " + to_string(tensor.shape)};
    }
  }
  QuantTensor<S> layer{*shape};
  for (LayerTensor const& tensor : tensors) {
    auto const* const info = source.find(module + "." + tensor.suffix);
    Bytes bytes(static_cast<std::size_t>(info->bytes()));
    if (auto read = source.read(*info, bytes); !read)
      return read.error();
    if (auto filled = fill_layer<S>(format, tensor, bytes, layer); !filled) {
      return Error{filled.status(), "layer " + quoted(module) + ": " + filled.error().message};
    }
  }
  return layer;
}

}  // namespace qfmt::io
