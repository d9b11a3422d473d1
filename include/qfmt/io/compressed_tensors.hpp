// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/io/compressed_layer.hpp>
#include <qfmt/io/quantization_config.hpp>
#include <qfmt/io/tensor_source.hpp>
#include <qfmt/tensor/checks.hpp>

// Presets in a model's configuration, and layers read back from a checkpoint that has one.

namespace qfmt::io {

/// The group of a model's layers that are quantized with a preset.
template <class Preset>
[[nodiscard]] ConfigGroup config_group(std::string name = "group_0",
                                       std::vector<std::string> targets = {"Linear"}) {
  ConfigGroup group;
  group.name = std::move(name);
  group.targets = std::move(targets);
  group.format = io::name(compressed_format<Preset>());
  group.weights = describe<typename Preset::Weights>(Role::weights);
  if constexpr (!same_as<typename Preset::InputActivations, void>)
    group.input_activations = describe<typename Preset::InputActivations>(Role::input_activations);
  return group;
}

/// The configuration of a model quantized with a preset. `ignore` lists the linear layers that are
/// not.
template <class Preset>
[[nodiscard]] QuantizationConfig quantization_config(std::vector<std::string> ignore) {
  QuantizationConfig config;
  config.groups = {config_group<Preset>()};
  config.format = config.groups[0].format;
  config.ignore = std::move(ignore);
  return config;
}

/// A group of a configuration in this library's words.
struct GroupScheme {
  std::string preset;
  CompressedFormat format = CompressedFormat::pack_quantized;
};

/// The preset that a group of a configuration is: the first with these weights and input activations
/// (names alone are not stored), in a format that fits them.
///
/// Errors: config_invalid, naming the group, if there is none.
[[nodiscard]] inline Result<GroupScheme> match_preset(QuantizationConfig const& config,
                                                      ConfigGroup const& group) {
  std::string const where = ".config_groups." + detail::shown_key(group.name);
  std::string const& format = config.format_of(group);
  auto const stored_as = find_format(format);
  std::optional<GroupScheme> match;
  bool format_differs = false;
  preset::Storable::for_each([&]<class P>() {
    if (match || group.output_activations ||
        describe<typename P::Weights>(Role::weights) != group.weights)
      return;
    std::optional<QuantizationArgs> inputs;
    if constexpr (!same_as<typename P::InputActivations, void>)
      inputs = describe<typename P::InputActivations>(Role::input_activations);
    if (inputs != group.input_activations)
      return;
    if (!stored_as || !fits<P>(*stored_as)) {
      format_differs = true;
    } else {
      match = GroupScheme{P::name, *stored_as};
    }
  });
  if (match)
    return *match;
  if (format_differs)
    return detail::config_error(where + ".format: got " + quoted(format) +
                                ", which does not go with this scheme");
  return detail::config_error(where + ": no preset has these weights and activations");
}

/// The preset of a configuration with one group.
///
/// Errors: config_invalid for several groups, and those of match_preset.
[[nodiscard]] inline Result<GroupScheme> match_preset(QuantizationConfig const& config) {
  if (config.groups.size() != 1)
    return detail::config_error(".config_groups: got " + std::to_string(config.groups.size()) +
                                " groups, expected one");
  return match_preset(config, config.groups[0]);
}

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
                      format == CompressedFormat::mxfp4_pack_quantized ||
                      format == CompressedFormat::mxfp6_pack_quantized;
  auto const* const info = source.find(module + (packed ? ".weight_packed" : ".weight"));
  if (info == nullptr)
    return fail(Status::checkpoint_incomplete,
                std::string{packed ? "weight_packed" : "weight"} + " is missing");
  if (info->shape.size() != 2)
    return fail(Status::rank_unsupported,
                "got shape " + to_string(info->shape) + ", expected two dimensions");
  auto const cols = static_cast<index_t>(info->shape[1]);
  return Shape{static_cast<index_t>(info->shape[0]), packed ? cols * 8 / S::Format::bits : cols};
}

/// Refuses columns whose groups are not consecutive, as "actorder": "group" made them.
template <Scheme S, TensorSource Source>
Result<void> check_column_order(Source const& source, Shape shape, std::string const& module) {
  auto const* const info = source.find(module + ".weight_g_idx");
  if (info == nullptr)
    return {};
  if (info->dtype != Dtype::I32 ||
      info->shape != std::vector<uint64_t>{static_cast<uint64_t>(shape.cols)})
    return Error{Status::shape_mismatch, std::string{"weight_g_idx: got "} + name(info->dtype) +
                                             " " + to_string(info->shape) + ", expected I32 [" +
                                             std::to_string(shape.cols) + "]"};
  std::vector<int32_t> groups(static_cast<std::size_t>(shape.cols));
  if (auto read = source.read(*info, std::as_writable_bytes(std::span{groups})); !read)
    return read;
  for (index_t col = 0; col < shape.cols; ++col) {
    auto const group = groups[static_cast<std::size_t>(col)];
    if (group != -1 && group != S::Granularity::scale_index(0, col, shape.cols))
      return Error{Status::unsupported, "weight_g_idx, column " + std::to_string(col) + ": got " +
                                            std::to_string(group) +
                                            ", expected columns in the order of their groups"};
  }
  return {};
}

}  // namespace detail

/// Reads one layer of a quantized checkpoint. Rows of words may be in either order.
///
/// Errors: checkpoint_incomplete for a missing tensor, checkpoint_ambiguous for a weight that is
/// there twice, shape_mismatch for a dtype or a shape that does not fit the others,
/// block_not_divisor, scale_zero for a real scale of zero under codes that are not, unsupported for
/// columns that are grouped in another order than they lie in (DenseLayer reads those), and those of
/// fill_layer; all name the layer.
template <Scheme S, TensorSource Source>
[[nodiscard]] Result<QuantTensor<S>> load_layer(Source const& source, CompressedFormat format,
                                                std::string const& module) {
  auto const in_layer = [&module](Status status, std::string const& message) {
    return Error{status, "layer " + quoted(module) + ": " + message};
  };
  auto const shape = detail::stored_shape<S>(source, format, module);
  if (!shape)
    return shape.error();
  if (std::string const why = why_not_storable<S>(*shape); !why.empty())
    return in_layer(Status::block_not_divisor, why);
  if (auto valid = detail::check_column_order<S>(source, *shape, module); !valid)
    return in_layer(valid.status(), valid.error().message);

  // Everything is checked before memory is taken, so that a lying weight_shape cannot ask for any.
  WordOrder order = WordOrder::dense;
  if (auto const* const packed = source.find(module + ".weight_packed");
      packed != nullptr && packed->shape.size() == 2) {
    order = word_order_of(static_cast<index_t>(packed->shape[1]), S::Format::bits, shape->cols)
                .value_or(order);
  }
  auto const tensors = layer_tensors<S>(format, *shape, order);
  if (tensors[0].suffix == "weight_packed" && source.find(module + ".weight") != nullptr)
    return in_layer(Status::checkpoint_ambiguous,
                    "got both weight and weight_packed, expected one of them");
  for (LayerTensor const& tensor : tensors) {
    auto const* const info = source.find(module + "." + tensor.suffix);
    if (info == nullptr)
      return in_layer(Status::checkpoint_incomplete, tensor.suffix + " is missing");
    if (info->dtype != tensor.dtype || info->shape != tensor.shape) {
      return in_layer(Status::shape_mismatch,
                      tensor.suffix + ": got " + name(info->dtype) + " " + to_string(info->shape) +
                          ", expected " + name(tensor.dtype) + " " + to_string(tensor.shape));
    }
  }
  QuantTensor<S> layer{*shape};
  for (LayerTensor const& tensor : tensors) {
    auto const* const info = source.find(module + "." + tensor.suffix);
    Bytes bytes(static_cast<std::size_t>(info->bytes()));
    if (auto read = source.read(*info, bytes); !read)
      return read.error();
    if (auto filled = fill_layer<S>(format, tensor, bytes, layer, order); !filled)
      return in_layer(filled.status(), filled.error().message);
  }
  if (auto const valid = check_parameters(layer.view()); !valid)
    return in_layer(valid.status(), valid.error().message);
  return layer;
}

}  // namespace qfmt::io
