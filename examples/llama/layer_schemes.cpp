// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "layer_schemes.hpp"

#include <optional>
#include <utility>
#include <vector>

#include <qfmt/io/dense_layer.hpp>

#ifdef QFMT_LLAMA_ONESHOT
#include <qfmt/oneshot/layer_groups.hpp>
#endif

namespace llama {

using namespace qfmt;

struct LayerSchemes::Groups {
  io::QuantizationConfig config;
  std::vector<Result<io::GroupScheme>> presets;  // of each group, or why it is none
#ifdef QFMT_LLAMA_ONESHOT
  oneshot::LayerGroups by_name;

  [[nodiscard]] std::optional<std::size_t> find(std::string const& module,
                                                char const* class_name) const {
    return by_name.find(module, class_name);
  }
#else
  [[nodiscard]] std::optional<std::size_t> find(std::string const& /*module*/,
                                                char const* /*class_name*/) const {
    return presets.empty() ? std::nullopt : std::optional<std::size_t>{0};
  }
#endif
};

Result<LayerSchemes> LayerSchemes::read(nlohmann::json const& model_config) {
  LayerSchemes schemes;
  if (!model_config.is_object() || !model_config.contains("quantization_config"))
    return schemes;
  auto config = io::parse_quantization_config(model_config);
  if (!config)
    return config.error();
  auto groups = std::make_shared<Groups>();
  groups->config = *std::move(config);
  for (io::ConfigGroup const& group : groups->config.groups)
    groups->presets.push_back(io::match_preset(groups->config, group));
#ifdef QFMT_LLAMA_ONESHOT
  auto by_name = oneshot::LayerGroups::create(groups->config);
  if (!by_name)
    return by_name.error();
  groups->by_name = *std::move(by_name);
#else
  if (groups->presets.size() > 1)
    return Error{Status::unsupported, "config.json: got " + std::to_string(groups->presets.size()) +
                                          " groups, expected one: built without RE2"};
#endif
  schemes.groups_ = std::move(groups);
  return schemes;
}

namespace {

/// The weight of a quantized layer as numbers.
Result<SharedLinear> load_decoded(io::Checkpoint const& checkpoint,
                                  io::QuantizationArgs const& weights, io::CompressedFormat format,
                                  std::string const& module, Shape shape) {
  auto const layer = io::DenseLayer::load(checkpoint, weights, format, module);
  if (!layer)
    return layer.error();
  if (layer->shape() != shape)
    return Error{Status::shape_mismatch,
                 "layer " + quoted(module) + ": got " + std::to_string(layer->shape().rows) +
                     " x " + std::to_string(layer->shape().cols) + ", expected " +
                     std::to_string(shape.rows) + " x " + std::to_string(shape.cols)};
  std::vector<float> values(static_cast<std::size_t>(shape.size()));
  for (index_t row = 0; row < shape.rows; ++row) {
    std::span<float> const into{values.data() + row * shape.cols,
                                static_cast<std::size_t>(shape.cols)};
    if (auto const decoded = layer->decode_row(row, into); !decoded)
      return decoded.error();
  }
  return dense_linear(module, {shape, std::move(values)});
}

}  // namespace

Result<SharedLinear> LayerSchemes::load(io::Checkpoint const& checkpoint, std::string const& module,
                                        char const* class_name, Shape shape) const {
  auto const found = groups_ == nullptr ? std::nullopt : groups_->find(module, class_name);
  if (!found || checkpoint.find(module + ".weight_scale") == nullptr)
    return load_linear(checkpoint, nullptr, module, shape);
  auto const& preset = groups_->presets[*found];
  if (preset)
    return load_linear(checkpoint, &*preset, module, shape);
  io::ConfigGroup const& group = groups_->config.groups[*found];
  auto const format = io::find_format(groups_->config.format_of(group));
  if (!format || !group.weights || group.input_activations || group.output_activations)
    return preset.error();
  return load_decoded(checkpoint, *group.weights, *format, module, shape);
}

}  // namespace llama
