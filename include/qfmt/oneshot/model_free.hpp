// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>

#include <qfmt/oneshot/checkpoint_rewrite.hpp>
#include <qfmt/oneshot/layer_plan.hpp>

// From a checkpoint to a quantized checkpoint, without a model definition and without data: what
// the command-line tool does. Tensor by tensor, in memory bounded by the largest tensor.

namespace qfmt::oneshot {

/// What quantize_checkpoint is to do, beside the schemes.
struct ModelFreeJob {
  std::filesystem::path input;   ///< a model directory, or one .safetensors file
  std::filesystem::path output;  ///< must not exist; complete or absent afterwards
  LayerSelection selection;
  std::function<void(Progress const&)> progress;  ///< may be empty
  io::ReadOptions read;                           ///< how strictly the input is read
  InputScales input_scales{};  ///< may be empty; schemes with static inputs need it
};

/// What quantize_checkpoint has done.
struct ModelFreeReport {
  std::vector<std::string> quantized;  ///< module names
  uint64_t weights = 0;                ///< their elements
  uint64_t weight_bytes = 0;           ///< what those take in the output, scales and all
  uint64_t output_bytes = 0;           ///< all tensors of the output
  std::vector<std::string> warnings;  ///< what reading the input let pass, and what servers may not
  std::vector<std::string> left_out;  ///< entries of the input directory that were not copied
};

namespace detail {

template <Executor E>
class ModelFree {
 public:
  ModelFree(ModelFreeJob const& job, std::vector<Assignment<E>> const& assignments, E& executor)
      : job_{job}, assignments_{assignments}, executor_{executor} {}

  Result<ModelFreeReport> run() {
    auto const opened = io::Checkpoint::open(job_.input, job_.read);
    if (!opened)
      return opened.error();
    checkpoint_ = &*opened;
    auto const plan =
        LayerPlan<E>::create(*checkpoint_, job_.selection, assignments_, job_.input_scales);
    if (!plan)
      return plan.error();
    plan_ = &*plan;
    report_.warnings = checkpoint_->warnings();
    report_.warnings.insert(report_.warnings.end(), plan->warnings().begin(),
                            plan->warnings().end());
    report_.left_out = checkpoint_->left_out();
    auto directory = io::AtomicDirectory::create(job_.output);
    if (!directory)
      return directory.error();
    if (auto scanned = scan(); !scanned)
      return scanned.error();
    if (auto written = write(*directory); !written)
      return written.error();
    if (auto committed = directory->commit(); !committed)
      return committed.error();
    return std::move(report_);
  }

 private:
  Result<io::Bytes> read(io::TensorInfo const& tensor) const {
    io::Bytes bytes(static_cast<std::size_t>(tensor.bytes()));
    if (auto done = checkpoint_->read(tensor, bytes); !done)
      return done.error();
    return bytes;
  }

  Error in_layer(Layer const& layer, Error const& error) const {
    return {error.status, plan_->file_of(*checkpoint_->find(layer.weight)) + ": tensor " +
                              quoted(layer.weight) + ": " + error.message};
  }

  /// First pass, for schemes with a scale of the whole tensor: the magnitude that it must leave
  /// room for, in every layer and in every group of layers that share one scale.
  Result<void> scan() {
    uint64_t total = 0;
    for (Layer const& layer : plan_->layers()) {
      if (plan_->scheme(layer).has_global)
        total += checkpoint_->find(layer.weight)->bytes();
    }
    Meter meter{job_.progress, "scan", total};
    for (Layer const& layer : plan_->layers()) {
      if (!plan_->scheme(layer).has_global)
        continue;
      io::TensorInfo const& tensor = *checkpoint_->find(layer.weight);
      auto const bytes = read(tensor);
      if (!bytes)
        return bytes.error();
      auto const reach = plan_->scheme(layer).reach({*bytes, layer.dtype, layer.shape}, executor_);
      if (!reach)
        return in_layer(layer, reach.error());
      float& shared = shared_reach_[fused_group(layer.module)];
      shared = (std::max)(shared, *reach);
      meter.add(tensor);
    }
    return {};
  }

  /// Second pass.
  Result<void> write(io::AtomicDirectory& directory) {
    Rewrite rewrite;
    rewrite.parts =
        [this](io::TensorInfo const& tensor) -> std::optional<std::vector<io::LayerTensor>> {
      Layer const* const layer = plan_->find_layer(tensor.name);
      if (layer == nullptr)
        return {};
      auto parts = plan_->parts_of(*layer);
      for (io::LayerTensor& part : parts) part.suffix = layer->module + "." + part.suffix;
      return parts;
    };
    rewrite.write = [this](io::TensorInfo const& tensor, io::SafetensorsWriter& writer) {
      return quantize_layer(*plan_->find_layer(tensor.name), writer);
    };
    nlohmann::json config =
        checkpoint_->config().is_object() ? checkpoint_->config() : nlohmann::json::object();
    config["quantization_config"] = to_json(plan_->quantization_config());
    uint64_t total = 0;
    for (io::TensorInfo const& tensor : checkpoint_->tensors()) total += tensor.bytes();
    Meter meter{job_.progress, "quantize", total};
    auto const bytes = rewrite_checkpoint(*checkpoint_, directory, rewrite, config, meter);
    if (!bytes)
      return bytes.error();
    report_.output_bytes = *bytes;
    return {};
  }

  Result<void> quantize_layer(Layer const& layer, io::SafetensorsWriter& writer) {
    auto const bytes = read(*checkpoint_->find(layer.weight));
    if (!bytes)
      return bytes.error();
    LayerQuantizer<E> const& preset = plan_->scheme(layer);
    float const reach = preset.has_global ? shared_reach_.at(fused_group(layer.module)) : 0.0f;
    auto quantized = preset.quantize({*bytes, layer.dtype, layer.shape}, reach, executor_);
    if (!quantized)
      return in_layer(layer, quantized.error());
    for (io::StoredTensor const& input : plan_->inputs_of(layer)) quantized->push_back(input.bytes);
    auto const parts = plan_->parts_of(layer);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      report_.weight_bytes += (*quantized)[i].size();
      if (auto written = writer.write(layer.module + "." + parts[i].suffix, (*quantized)[i]);
          !written)
        return written;
    }
    report_.weights += static_cast<uint64_t>(layer.shape.size());
    report_.quantized.push_back(layer.module);
    return {};
  }

  ModelFreeJob const& job_;
  std::vector<Assignment<E>> const& assignments_;
  E& executor_;
  io::Checkpoint const* checkpoint_ = nullptr;
  LayerPlan<E> const* plan_ = nullptr;
  std::map<std::string, float> shared_reach_;
  ModelFreeReport report_;
};

}  // namespace detail

/// Quantizes the weights of a checkpoint and writes a compressed-tensors checkpoint, in which every
/// layer has the scheme that it is assigned.
///
/// The bytes of the output do not depend on the executor. Layers that are fused when served (q/k/v,
/// gate/up) have one scheme, and share one NVFP4 tensor scale, also across shards. On any error
/// nothing is left behind.
///
/// Errors: those of reading and writing; needs_calibration, naming the data-free preset;
/// block_not_divisor, unknown_dtype or rank_unsupported (experts in one tensor), listing every layer
/// that cannot be stored; nonfinite_weight with tensor, row and column; nothing_to_do, also for a
/// target that matches no layer; config_invalid for a model that is quantized already, a layer that
/// is named in two assignments, or fused layers with two schemes; checkpoint_ambiguous for a tensor
/// that has the name of one to be written; output_exists; invalid_argument if two assignments are
/// for all other layers.
template <Executor E>
[[nodiscard]] Result<ModelFreeReport> quantize_checkpoint(
    ModelFreeJob const& job, std::vector<Assignment<E>> const& assignments, E& executor) {
  Assignment<E> const* all_other = nullptr;
  for (Assignment<E> const& assignment : assignments) {
    bool const is_for_other =
        assignment.targets.empty() ||
        std::any_of(assignment.targets.begin(), assignment.targets.end(),
                    [](ModulePattern const& target) { return target.is_linear_class(); });
    if (is_for_other && all_other != nullptr) {
      return Error{Status::invalid_argument, std::string{"got two schemes for all other layers, "} +
                                                 all_other->scheme.name + " and " +
                                                 assignment.scheme.name + ", expected one"};
    }
    if (is_for_other)
      all_other = &assignment;
    if (assignment.scheme.data_free != nullptr && !job.input_scales) {
      return Error{Status::needs_calibration,
                   std::string{assignment.scheme.name} +
                       ": its input activation scales need calibration data; without data, use " +
                       assignment.scheme.data_free};
    }
  }
  return detail::ModelFree<E>{job, assignments, executor}.run();
}

/// The same with one scheme for all layers that the job selects.
template <Executor E>
[[nodiscard]] Result<ModelFreeReport> quantize_checkpoint(ModelFreeJob const& job,
                                                          LayerQuantizer<E> const& preset,
                                                          E& executor) {
  return quantize_checkpoint(job, std::vector<Assignment<E>>{{preset, {}}}, executor);
}

/// The same for a preset that is known when compiling.
template <class Preset, Profile N = profile::CompressedTensors, Executor E>
[[nodiscard]] Result<ModelFreeReport> quantize_checkpoint(ModelFreeJob const& job, E& executor) {
  return quantize_checkpoint(job, layer_quantizer<Preset, N, E>(), executor);
}

}  // namespace qfmt::oneshot
