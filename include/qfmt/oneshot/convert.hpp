// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include <qfmt/io/awq_gptq_layer.hpp>
#include <qfmt/oneshot/checkpoint_rewrite.hpp>
#include <qfmt/oneshot/layer_selection.hpp>

// From a checkpoint of AutoAWQ or GPTQ's tools to one of compressed-tensors: the same numbers.

namespace qfmt::oneshot {

/// What convert_checkpoint is to do.
struct ConvertJob {
  std::filesystem::path input;   ///< a model directory whose quant_method is "awq" or "gptq"
  std::filesystem::path output;  ///< must not exist; complete or absent afterwards
  std::function<void(Progress const&)> progress;  ///< may be empty
  io::ReadOptions read;
};

/// What convert_checkpoint has done.
struct ConvertReport {
  std::vector<std::string> layers;    ///< module names
  std::vector<std::string> warnings;  ///< what reading the input let pass
  std::vector<std::string> left_out;  ///< entries of the input directory that were not copied
  uint64_t output_bytes = 0;          ///< all tensors of the output
};

namespace detail {

class Convert {
 public:
  Convert(ConvertJob const&, io::Checkpoint const& checkpoint) : checkpoint_{&checkpoint} {}

  ConvertReport report;

  /// Every layer, checked by converting it once.
  Result<void> find_layers() {
    if (!io::is_awq_or_gptq(checkpoint_->config()))
      return io::detail::config_error(".quant_method: expected \"awq\" or \"gptq\"");
    auto const config = io::parse_awq_gptq_config(checkpoint_->config());
    if (!config)
      return config.error();
    config_ = *config;
    for (io::TensorInfo const& tensor : checkpoint_->tensors()) {
      if (parameter_of(tensor.name) != "qweight")
        continue;
      std::string const module = owner_of(tensor.name);
      auto const layer = io::AwqGptqLayer::load(*checkpoint_, config_, module);
      if (!layer)
        return layer.error();
      if (layer->is_reordered())
        return Error{Status::unsupported,
                     "layer " + quoted(module) +
                         ": got groups of inputs that are no neighbours, which compressed-tensors "
                         "does not read any more; dequantize does"};
      auto& parts = parts_[module];
      for (io::StoredTensor const& stored : layer->stored())
        parts.push_back(
            {module + "." + stored.tensor.suffix, stored.tensor.dtype, stored.tensor.shape});
      report.layers.push_back(module);
    }
    if (parts_.empty())
      return Error{Status::nothing_to_do, "got no layer with a qweight"};
    return {};
  }

  [[nodiscard]] nlohmann::json config() const {
    nlohmann::json config = checkpoint_->config();
    config["quantization_config"] = io::to_json(described());
    return config;
  }

  [[nodiscard]] std::optional<std::vector<io::LayerTensor>> parts_of(
      io::TensorInfo const& tensor) const {
    auto const found = parts_.find(owner_of(tensor.name));
    if (found == parts_.end())
      return {};
    std::string_view const leaf = parameter_of(tensor.name);
    if (leaf == "qweight")
      return found->second;
    if (leaf == "qzeros" || leaf == "scales" || leaf == "g_idx")
      return std::vector<io::LayerTensor>{};
    return {};
  }

  Result<void> write(std::string const& module, io::SafetensorsWriter& writer) const {
    auto const layer = io::AwqGptqLayer::load(*checkpoint_, config_, module);
    if (!layer)
      return in_model(*checkpoint_, layer.error());
    for (io::StoredTensor const& stored : layer->stored()) {
      if (auto written = writer.write(module + "." + stored.tensor.suffix, stored.bytes); !written)
        return written;
    }
    return {};
  }

 private:
  /// One group for all linear layers; those that are dense are named. A head without a tensor of its
  /// own, tied to the embedding, is a linear layer too.
  [[nodiscard]] io::QuantizationConfig described() const {
    io::ConfigGroup group;
    group.name = "group_0";
    group.targets = {"Linear"};
    group.weights = config_.args();
    group.weights->actorder.clear();
    group.format = name(io::CompressedFormat::pack_quantized);
    io::QuantizationConfig config;
    config.format = group.format;
    config.groups.push_back(std::move(group));
    for (io::TensorInfo const& tensor : checkpoint_->tensors()) {
      std::string const module = owner_of(tensor.name);
      ModuleKind const kind = module_kind(module);
      if (parameter_of(tensor.name) == "weight" && tensor.shape.size() == 2 &&
          kind != ModuleKind::embedding && kind != ModuleKind::norm)
        config.ignore.push_back(module);
    }
    bool const has_head = std::any_of(config.ignore.begin(), config.ignore.end(),
                                      [](auto const& module) { return module == "lm_head"; });
    if (!has_head && !parts_.contains("lm_head"))
      config.ignore.emplace_back("lm_head");
    std::sort(config.ignore.begin(), config.ignore.end());
    return config;
  }

  io::Checkpoint const* checkpoint_;
  io::AwqGptqConfig config_;
  std::map<std::string, std::vector<io::LayerTensor>> parts_;  // what a layer's tensors become
};

}  // namespace detail

/// Writes a compressed-tensors checkpoint ("pack-quantized") with the codes, scales and zero points
/// of one of AutoAWQ or GPTQ's tools: nothing is rounded, every weight is the same number.
///
/// Errors: those of reading and writing, of parse_awq_gptq_config and AwqGptqLayer; config_invalid
/// for another quant_method; unsupported for layers whose groups are not of neighbours; nothing_to_do;
/// output_exists. On any error nothing is left behind.
[[nodiscard]] inline Result<ConvertReport> convert_checkpoint(ConvertJob const& job) {
  return detail::rewrite_model<detail::Convert>(job, "convert");
}

}  // namespace qfmt::oneshot
