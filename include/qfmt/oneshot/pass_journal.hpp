// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <type_traits>

#include <qfmt/calibration/pipeline.hpp>
#include <qfmt/oneshot/finished_layers.hpp>
#include <qfmt/oneshot/progress_folder.hpp>
#include <qfmt/oneshot/weight_bytes.hpp>

namespace qfmt::oneshot {

namespace detail {

/// What is known of a layer besides its bytes and its name. Stored as it lies in memory: progress
/// does not travel.
struct LayerRecord {
  std::size_t parts = 0;
  calibration::InputParameters input;
  index_t tokens = 0;
  ErrorMetrics weight;
  double output_error_rounded = 0.0;
  double output_error = 0.0;
  FeedbackReport feedback;
  double seconds = 0.0;
};
static_assert(std::is_trivially_copyable_v<LayerRecord>);

inline LayerRecord record_of(StoredLayer const& layer) {
  calibration::LayerReport const& r = layer.report;
  return {layer.bytes.size(),     layer.input,    r.tokens,   r.weight,
          r.output_error_rounded, r.output_error, r.feedback, r.seconds};
}

inline StoredLayer layer_from(LayerRecord const& record) {
  StoredLayer layer;
  layer.input = record.input;
  layer.report.tokens = record.tokens;
  layer.report.weight = record.weight;
  layer.report.output_error_rounded = record.output_error_rounded;
  layer.report.output_error = record.output_error;
  layer.report.feedback = record.feedback;
  layer.report.seconds = record.seconds;
  return layer;
}

}  // namespace detail

/// The journal of one pass in a progress folder. A part is a subgraph: all tensors of the model that it
/// has changed ("model:NAME"), and of each layer that it has quantized the bytes ("layer:NAME:0", ...)
/// and what else is known ("report:PLACE:NAME").
class PassJournal final : public calibration::Journal {
 public:
  /// What a pass that quantizes brings about.
  struct Quantizing {
    FinishedLayers* finished;
    SchemeSelection const* schemes;
    char const* method;
    std::function<Result<void>()> collect;  ///< brings `finished` up to date
  };

  /// Refers to the folder and what Quantizing points to; nothing: a pass that only transforms.
  PassJournal(ProgressFolder const& folder, std::string pass, calibration::ModelRef model,
              std::optional<Quantizing> quantizing)
      : folder_{folder},
        pass_{std::move(pass)},
        model_{std::move(model)},
        quantizing_{std::move(quantizing)},
        saved_{model_.change_count()} {}

  [[nodiscard]] bool has(std::size_t subgraph) const override {
    return folder_.has(part_of(subgraph));
  }

  /// Errors: those of the model and of ProgressFolder::save.
  Result<void> save(std::size_t subgraph) override {
    std::vector<NamedTensor> part;
    for (auto const& [tensor, when] : model_.changes()) {
      if (when <= saved_)
        continue;
      auto const layer = layer_of(tensor);
      auto const weight = layer ? model_.weight(*layer) : model_.tensor(tensor);
      if (!weight)
        return weight.error();
      part.push_back(
          {"model:" + tensor,
           weight_dtype(*weight),
           {static_cast<uint64_t>(weight->shape.rows), static_cast<uint64_t>(weight->shape.cols)},
           weight_bytes(*weight)});
    }
    if (quantizing_) {
      auto const& layers = quantizing_->finished->layers();
      std::size_t const before = layers.size();
      if (auto collected = quantizing_->collect(); !collected)
        return collected;
      for (std::size_t i = before; i < layers.size(); ++i) add(layers[i], i - before, part);
    }
    if (auto saved = folder_.save(part_of(subgraph), part); !saved)
      return saved;
    saved_ = model_.change_count();
    return {};
  }

  /// Errors: those of the model and of ProgressFolder::load; checkpoint_incomplete.
  Result<void> restore(std::size_t subgraph) override {
    auto part = folder_.load(part_of(subgraph));
    if (!part)
      return part.error();
    std::map<std::string, io::Bytes> stored;
    for (NamedTensor& tensor : *part) {
      if (!tensor.name.starts_with("model:"))
        stored[tensor.name] = std::move(tensor.bytes);
      else if (auto set = set_tensor(tensor); !set)
        return set;
    }
    saved_ = model_.change_count();
    for (std::size_t place = 0; quantizing_; ++place) {
      std::string const start = "report:" + number(place) + ":";
      auto const report = stored.lower_bound(start);
      if (report == stored.end() || !report->first.starts_with(start))
        break;
      if (auto done = restore_layer(report->first.substr(start.size()), report->second, stored);
          !done)
        return done;
    }
    return {};
  }

 private:
  [[nodiscard]] std::string part_of(std::size_t subgraph) const {
    return pass_ + "-" + std::to_string(subgraph);
  }
  static std::string number(std::size_t place) { return std::to_string(place); }
  [[nodiscard]] std::optional<std::size_t> layer_of(std::string const& tensor) const {
    for (std::size_t i = 0; i < model_.layers().size(); ++i) {
      if (model_.layers()[i].name + ".weight" == tensor)
        return i;
    }
    return {};
  }

  static void add(StoredLayer const& layer, std::size_t place, std::vector<NamedTensor>& part) {
    std::string const& module = layer.report.layer;
    detail::LayerRecord const record = detail::record_of(layer);
    part.push_back({"report:" + number(place) + ":" + module,
                    io::Dtype::U8,
                    {sizeof record},
                    io::detail::to_bytes(&record, 1)});
    for (std::size_t b = 0; b < layer.bytes.size(); ++b)
      part.push_back({"layer:" + module + ":" + std::to_string(b),
                      io::Dtype::U8,
                      {layer.bytes[b].size()},
                      layer.bytes[b]});
  }

  Result<void> set_tensor(NamedTensor const& tensor) const {
    std::string const name = tensor.name.substr(std::string_view{"model:"}.size());
    if (tensor.shape.size() != 2)
      return damaged(name);
    auto weight =
        make_weight(tensor.dtype,
                    {static_cast<index_t>(tensor.shape[0]), static_cast<index_t>(tensor.shape[1])},
                    tensor.bytes);
    if (!weight)
      return weight.error();
    auto const layer = layer_of(name);
    return layer ? model_.set_weight(*layer, *std::move(weight))
                 : model_.set_tensor(name, *std::move(weight));
  }

  Result<void> restore_layer(std::string const& module, io::Bytes const& report,
                             std::map<std::string, io::Bytes> const& stored) {
    detail::LayerRecord record;
    calibration::LinearLayer wanted;
    wanted.name = module;
    if (report.size() != sizeof record || quantizing_->schemes->scheme_of()(wanted) == nullptr)
      return damaged(module);
    std::memcpy(&record, report.data(), sizeof record);
    StoredLayer layer = detail::layer_from(record);
    for (std::size_t b = 0; b < record.parts; ++b) {
      auto const bytes = stored.find("layer:" + module + ":" + std::to_string(b));
      if (bytes == stored.end())
        return damaged(module);
      layer.bytes.push_back(bytes->second);
    }
    layer.report.layer = module;
    layer.report.scheme = quantizing_->schemes->scheme(module).found.name;
    layer.report.method = quantizing_->method;
    quantizing_->finished->add(std::move(layer));
    return {};
  }

  [[nodiscard]] Error damaged(std::string const& what) const {
    return {Status::checkpoint_incomplete,
            "progress of pass " + quoted(pass_) + ": " + quoted(what) + " is not whole"};
  }

  ProgressFolder const& folder_;
  std::string pass_;
  calibration::ModelRef model_;
  std::optional<Quantizing> quantizing_;
  uint64_t saved_;  // changes of the model that are in the folder
};

}  // namespace qfmt::oneshot
