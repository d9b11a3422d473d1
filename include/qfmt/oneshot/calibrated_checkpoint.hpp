// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/kv_cache_modifier.hpp>
#include <qfmt/oneshot/checkpoint_rewrite.hpp>
#include <qfmt/oneshot/finished_layers.hpp>
#include <qfmt/oneshot/progress_folder.hpp>
#include <qfmt/oneshot/recipe_modifiers.hpp>
#include <qfmt/oneshot/weight_bytes.hpp>

namespace qfmt::oneshot {

/// Writes what calibration has made of a checkpoint: quantized layers, tensors that transforms have
/// changed, the head of a model that was tied, the scales of caches; all others as they were.
class CalibratedCheckpoint {
 public:
  using CacheScales = std::vector<calibration::KvCacheModifier::Scales>;

  /// Refers to all of these.
  CalibratedCheckpoint(io::Checkpoint const& checkpoint, calibration::ModelRef const& model,
                       SchemeSelection const& schemes, RecipeOrder const& order,
                       FinishedLayers const& finished, CacheScales const& cache_scales,
                       std::function<void(Progress const&)> const& on_writing)
      : checkpoint_{checkpoint},
        model_{model},
        schemes_{schemes},
        order_{order},
        finished_{finished},
        cache_scales_{cache_scales},
        on_writing_{on_writing} {}

  /// Gives the bytes of all tensors. Errors: those of LayerPlan, of the model and of writing.
  Result<uint64_t> write(io::AtomicDirectory& directory) {
    InputScales const scales = [this](std::string const& module) { return input_scales(module); };
    auto const plan = schemes_.plan(checkpoint_, scales);
    if (!plan)
      return plan.error();
    auto const changed_tensors = changed(*plan);
    if (!changed_tensors)
      return changed_tensors.error();
    warnings_ = checkpoint_.warnings();
    warnings_.insert(warnings_.end(), plan->warnings().begin(), plan->warnings().end());
    // What was no tensor before comes behind the last one: the head of a tied model, scales of caches.
    std::vector<NamedTensor> added = cache_tensors(plan->layers().front().dtype);
    bool const is_untied = std::any_of(changed_tensors->begin(), changed_tensors->end(),
                                       [&](auto const& t) { return !checkpoint_.find(t.first); });
    for (auto const& [name, tensor] : *changed_tensors) {
      if (checkpoint_.find(name) == nullptr)
        added.push_back(tensor);
    }
    io::TensorInfo const* const last = &checkpoint_.tensors().back();
    Rewrite rewrite;
    rewrite.parts =
        [&](io::TensorInfo const& tensor) -> std::optional<std::vector<io::LayerTensor>> {
      std::vector<io::LayerTensor> parts;
      if (Layer const* const layer = plan->find_layer(tensor.name)) {
        parts = plan->parts_of(*layer);
        for (io::LayerTensor& part : parts) part.suffix = layer->module + "." + part.suffix;
      } else if (changed_tensors->contains(tensor.name) || (&tensor == last && !added.empty())) {
        parts.push_back({tensor.name, tensor.dtype, tensor.shape});
      } else {
        return {};
      }
      for (NamedTensor const& extra : added) {
        if (&tensor == last)
          parts.push_back({extra.name, extra.dtype, extra.shape});
      }
      return parts;
    };
    rewrite.write = [&](io::TensorInfo const& tensor,
                        io::SafetensorsWriter& writer) -> Result<void> {
      auto const found = changed_tensors->find(tensor.name);
      Layer const* const layer = plan->find_layer(tensor.name);
      Result<void> done = layer != nullptr ? write_layer(*plan, *layer, writer)
                          : found != changed_tensors->end()
                              ? writer.write(tensor.name, found->second.bytes)
                              : detail::copy_tensor(checkpoint_, tensor, writer);
      for (std::size_t i = 0; i < added.size() && done && &tensor == last; ++i)
        done = writer.write(added[i].name, added[i].bytes);
      return done;
    };
    nlohmann::json config =
        checkpoint_.config().is_object() ? checkpoint_.config() : nlohmann::json::object();
    if (is_untied)
      config["tie_word_embeddings"] = false;
    auto quantization = plan->quantization_config();
    quantization.kv_cache_scheme = order_.quantization().kv_cache_scheme;
    for (io::ConfigGroup& group : quantization.groups) {
      if (order_.gptq() != nullptr && order_.gptq()->actorder == ActivationOrder::weight &&
          group.weights->group_size)
        group.weights->actorder = "static";
    }
    config["quantization_config"] = to_json(quantization);
    uint64_t total = 0;
    for (io::TensorInfo const& tensor : checkpoint_.tensors()) total += tensor.bytes();
    Meter meter{on_writing_, "write", total};
    return rewrite_checkpoint(checkpoint_, directory, rewrite, config, meter);
  }

  /// Known after write().
  [[nodiscard]] std::vector<std::string> const& warnings() const noexcept { return warnings_; }

 private:
  [[nodiscard]] std::optional<io::ActivationScale> input_scales(std::string const& module) const {
    StoredLayer const* const layer = finished_.find(module);
    if (layer == nullptr || (!layer->input.scale && !layer->input.global_scale))
      return {};
    io::ActivationScale scale;
    if (layer->input.scale)
      scale.scales = {*layer->input.scale};
    scale.global_scale = layer->input.global_scale;
    return scale;
  }

  /// The tensors that transforms have changed and that are not quantized, by name. Errors:
  /// shape_mismatch for one that is no longer what the checkpoint has.
  Result<std::map<std::string, NamedTensor>> changed(SchemeSelection::Plan const& plan) const {
    std::map<std::string, NamedTensor> tensors;
    for (auto const& [name, when] : model_.changes()) {
      if (plan.find_layer(name) != nullptr)
        continue;
      auto const layer =
          std::find_if(model_.layers().begin(), model_.layers().end(),
                       [&, wanted = name](auto const& l) { return l.name + ".weight" == wanted; });
      auto const weight =
          layer == model_.layers().end()
              ? model_.tensor(name)
              : model_.weight(static_cast<std::size_t>(layer - model_.layers().begin()));
      if (!weight)
        return weight.error();
      NamedTensor tensor{
          name,
          weight_dtype(*weight),
          {static_cast<uint64_t>(weight->shape.rows), static_cast<uint64_t>(weight->shape.cols)},
          weight_bytes(*weight)};
      if (io::TensorInfo const* const known = checkpoint_.find(name)) {
        if (known->dtype != tensor.dtype || known->bytes() != tensor.bytes.size())
          return Error{Status::shape_mismatch, "tensor " + quoted(name) +
                                                   ": got another type or size than the "
                                                   "checkpoint has"};
        tensor.shape = known->shape;
      }
      tensors.emplace(name, std::move(tensor));
    }
    return tensors;
  }

  /// The scales of keys and values, in the type of the model.
  [[nodiscard]] std::vector<NamedTensor> cache_tensors(io::Dtype dtype) const {
    std::vector<NamedTensor> tensors;
    for (auto const& cache : cache_scales_) {
      for (auto const site : {io::ActivationSite::key, io::ActivationSite::value}) {
        io::ActivationScale scale;
        scale.scales = {site == io::ActivationSite::key ? cache.keys : cache.values};
        scale.dtype = dtype;
        for (io::StoredTensor& stored : io::activation_tensors(site, scale))
          tensors.push_back({cache.module + "." + stored.tensor.suffix, stored.tensor.dtype,
                             stored.tensor.shape, std::move(stored.bytes)});
      }
    }
    return tensors;
  }

  Result<void> write_layer(SchemeSelection::Plan const& plan, Layer const& layer,
                           io::SafetensorsWriter& writer) const {
    StoredLayer const* const done = finished_.find(layer.module);
    if (done == nullptr)
      return Error{Status::wrong_order,
                   "layer " + quoted(layer.module) + ": the model has not come to it"};
    std::vector<std::span<std::byte const>> bytes(done->bytes.begin(), done->bytes.end());
    for (io::StoredTensor const& input : plan.inputs_of(layer)) bytes.emplace_back(input.bytes);
    auto const parts = plan.parts_of(layer);
    if (parts.size() != bytes.size())
      return Error{Status::checkpoint_incomplete,
                   "layer " + quoted(layer.module) + ": got " + std::to_string(bytes.size()) +
                       " tensors, expected " + std::to_string(parts.size())};
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (auto written = writer.write(layer.module + "." + parts[i].suffix, bytes[i]); !written)
        return written;
    }
    return {};
  }

  io::Checkpoint const& checkpoint_;
  calibration::ModelRef const& model_;
  SchemeSelection const& schemes_;
  RecipeOrder const& order_;
  FinishedLayers const& finished_;
  CacheScales const& cache_scales_;
  std::function<void(Progress const&)> const& on_writing_;
  std::vector<std::string> warnings_;
};

}  // namespace qfmt::oneshot
