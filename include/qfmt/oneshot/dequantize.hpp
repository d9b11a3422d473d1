// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include <qfmt/io/awq_gptq_layer.hpp>
#include <qfmt/io/dense_layer.hpp>
#include <qfmt/oneshot/checkpoint_rewrite.hpp>
#include <qfmt/oneshot/layer_groups.hpp>
#include <qfmt/oneshot/layer_selection.hpp>

// From a quantized checkpoint back to a dense one: what its codes mean, as numbers.

namespace qfmt::oneshot {

/// What dequantize_checkpoint is to do.
struct DequantizeJob {
  std::filesystem::path input;   ///< a model directory whose config.json has a quantization_config
  std::filesystem::path output;  ///< must not exist; complete or absent afterwards
  /// F32, BF16 or F16, of the weights written. Not set: that of a layer's scales where they are real
  /// numbers, else the model's by config.json, else BF16.
  std::optional<io::Dtype> dtype;
  std::function<void(Progress const&)> progress;  ///< may be empty
  io::ReadOptions read;
};

/// What dequantize_checkpoint has done.
struct DequantizeReport {
  std::vector<std::string> layers;    ///< module names
  std::vector<std::string> dropped;   ///< tensors without a place in a dense model
  std::vector<std::string> warnings;  ///< what reading the input let pass
  std::vector<std::string> left_out;  ///< entries of the input directory that were not copied
  uint64_t output_bytes = 0;          ///< all tensors of the output
};

namespace detail {

/// The dtype that a model's configuration says, if it is one that weights may have.
inline std::optional<io::Dtype> model_dtype(nlohmann::json const& config) {
  for (char const* const key : {"dtype", "torch_dtype"}) {
    std::string const text = io::detail::text_of(config, key);
    if (text == "float32")
      return io::Dtype::F32;
    if (text == "bfloat16")
      return io::Dtype::BF16;
    if (text == "float16")
      return io::Dtype::F16;
  }
  return {};
}

class Dequantize {
 public:
  Dequantize(DequantizeJob const& job, io::Checkpoint const& checkpoint)
      : job_{job}, checkpoint_{&checkpoint} {}

  DequantizeReport report;

  /// Every layer that is quantized, checked by loading it once.
  Result<void> find_layers() {
    if (io::is_awq_or_gptq(checkpoint_->config()))
      return find_awq_or_gptq_layers();
    auto config = io::parse_quantization_config(checkpoint_->config());
    if (!config)
      return config.error();
    config_ = *std::move(config);
    if (config_.transform_config.is_object() && !config_.transform_config.empty()) {
      return io::detail::config_error(
          ".transform_config: got transforms, expected none: weights under an online transform "
          "mean nothing without it");
    }
    auto const groups = LayerGroups::create(config_);
    if (!groups)
      return groups.error();
    for (io::TensorInfo const& tensor : checkpoint_->tensors()) {
      if (parameter_of(tensor.name) != "weight_scale")
        continue;
      std::string const module = owner_of(tensor.name);
      bool const is_embedding = module_kind(module) == ModuleKind::embedding;
      auto const group = groups->find(module, is_embedding ? "Embedding" : "Linear");
      if (!group || !config_.groups[*group].weights) {
        return Error{Status::config_invalid, "layer " + quoted(module) +
                                                 ": got a weight_scale, but no group of "
                                                 "config.json has its weights"};
      }
      if (auto added = add(module, *group); !added)
        return added;
    }
    if (layers_.empty())
      return Error{Status::nothing_to_do, "got no layer with a weight_scale"};
    return {};
  }

  [[nodiscard]] nlohmann::json config() const {
    nlohmann::json config = checkpoint_->config();
    config.erase("quantization_config");
    return config;
  }

  /// Codes become the weight; all other parameters of a quantized layer, and of activations, go.
  std::optional<std::vector<io::LayerTensor>> parts_of(io::TensorInfo const& tensor) {
    std::string const module = owner_of(tensor.name);
    auto const found = layers_.find(module);
    if (found != layers_.end() && found->second.codes == tensor.name) {
      Shape const shape = found->second.shape;
      return std::vector<io::LayerTensor>{
          {module + ".weight",
           found->second.dtype,
           {static_cast<uint64_t>(shape.rows), static_cast<uint64_t>(shape.cols)}}};
    }
    std::string_view const leaf = parameter_of(tensor.name);
    bool const is_of_weight = found != layers_.end() &&
                              (awq_gptq_ ? leaf == "qzeros" || leaf == "scales" || leaf == "g_idx"
                                         : leaf.starts_with("weight"));
    if (!is_of_weight && !is_of_activation(leaf))
      return {};
    if (!is_of_weight && std::find(report.dropped.begin(), report.dropped.end(), tensor.name) ==
                             report.dropped.end())
      report.dropped.push_back(tensor.name);
    return std::vector<io::LayerTensor>{};
  }

  Result<void> write(std::string const& module, io::SafetensorsWriter& writer) const {
    Layer const& entry = layers_.at(module);
    auto const layer = load(module, entry);
    if (!layer)
      return in_model(*checkpoint_, layer.error());
    std::vector<float> row(static_cast<std::size_t>(entry.shape.cols));
    for (index_t r = 0; r < entry.shape.rows; ++r) {
      if (auto decoded = layer->decode_row(r, row); !decoded)
        return in_model(*checkpoint_, decoded.error());
      auto const large = std::find_if(row.begin(), row.end(), [&](float x) {
        return !is_finite(entry.dtype == io::Dtype::F16    ? round_to<Code<FP16>>(x)
                          : entry.dtype == io::Dtype::BF16 ? round_to<Code<BF16>>(x)
                                                           : x);
      });
      if (large != row.end())
        return in_model(*checkpoint_,
                        {Status::nonfinite_weight,
                         "layer " + quoted(module) + ": row " + std::to_string(r) + ", column " +
                             std::to_string(large - row.begin()) + ": got " +
                             std::to_string(*large) + ", which overflows in " +
                             std::string{io::name(entry.dtype)} + ": ask for another dtype"});
      if (auto written =
              writer.append(module + ".weight", io::detail::real_bytes(row, entry.dtype));
          !written)
        return written;
    }
    return {};
  }

 private:
  struct Layer {
    std::size_t group;
    io::CompressedFormat format;
    std::string codes;  // the tensor whose place the weight takes
    Shape shape;
    io::Dtype dtype;
  };

  Result<void> find_awq_or_gptq_layers() {
    auto const config = io::parse_awq_gptq_config(checkpoint_->config());
    if (!config)
      return config.error();
    awq_gptq_ = *config;
    io::ConfigGroup group;
    group.weights = config->args();
    group.format = name(io::CompressedFormat::pack_quantized);
    config_.groups = {group};
    for (io::TensorInfo const& tensor : checkpoint_->tensors()) {
      if (parameter_of(tensor.name) != "qweight")
        continue;
      if (auto added = add(owner_of(tensor.name), 0); !added)
        return added;
    }
    if (layers_.empty())
      return Error{Status::nothing_to_do, "got no layer with a qweight"};
    return {};
  }

  Result<void> add(std::string const& module, std::size_t group) {
    std::string const& text = config_.format_of(config_.groups[group]);
    auto const format = io::find_format(text);
    if (!format)
      return io::detail::config_error(".format: got " + quoted(text) + " for layer " +
                                      quoted(module) + ", expected a format of compressed-tensors");
    Layer entry{group, *format, {}, {}, io::Dtype::BF16};
    auto const layer = load(module, entry);
    if (!layer)
      return layer.error();
    entry.shape = layer->shape();
    entry.dtype = job_.dtype ? *job_.dtype
                  : layer->real_dtype()
                      ? *layer->real_dtype()
                      : model_dtype(checkpoint_->config()).value_or(io::Dtype::BF16);
    bool const is_packed = checkpoint_->find(module + ".weight_packed") != nullptr;
    entry.codes = module + (awq_gptq_ ? ".qweight" : is_packed ? ".weight_packed" : ".weight");
    layers_.emplace(module, entry);
    report.layers.push_back(module);
    return {};
  }

  [[nodiscard]] Result<io::DenseLayer> load(std::string const& module, Layer const& layer) const {
    if (awq_gptq_) {
      auto const converted = io::AwqGptqLayer::load(*checkpoint_, *awq_gptq_, module);
      if (!converted)
        return converted.error();
      return io::DenseLayer::load(*converted, *config_.groups[0].weights, layer.format, module);
    }
    return io::DenseLayer::load(*checkpoint_, *config_.groups[layer.group].weights, layer.format,
                                module);
  }

  static bool is_of_activation(std::string_view leaf) {
    for (int i = 0; i <= static_cast<int>(io::ActivationSite::query); ++i) {
      std::string const start = io::name(static_cast<io::ActivationSite>(i));
      for (char const* const ending : {"_scale", "_zero_point", "_global_scale"}) {
        if (leaf == start + ending)
          return true;
      }
    }
    return false;
  }

  DequantizeJob const& job_;
  io::Checkpoint const* checkpoint_;
  io::QuantizationConfig config_;
  std::optional<io::AwqGptqConfig> awq_gptq_;  // of such a checkpoint, seen as one of config_
  std::map<std::string, Layer> layers_;
};

}  // namespace detail

/// Writes a dense checkpoint with the numbers that a checkpoint of compressed-tensors, AutoAWQ or
/// GPTQ's tools stands for, each rounded once to the dtype: of every scheme, preset or not, that
/// DenseLayer reads. Scales of activations are dropped, and so is the quantization_config.
///
/// Errors: those of reading and writing, of parse_quantization_config (parse_awq_gptq_config,
/// AwqGptqLayer) and DenseLayer; nonfinite_weight for a number that overflows in the dtype;
/// config_invalid for a quantized layer that no group matches and for online transforms;
/// nothing_to_do; output_exists. On any error nothing is left behind.
[[nodiscard]] inline Result<DequantizeReport> dequantize_checkpoint(DequantizeJob const& job) {
  return detail::rewrite_model<detail::Dequantize>(job, "dequantize");
}

}  // namespace qfmt::oneshot
