// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include <qfmt/calibration/input_statistics.hpp>

namespace qfmt::calibration {

/// The scheme of a layer; null: it stays as it is.
using SchemeOf = std::function<ErasedScheme const*(LinearLayer const& layer)>;

/// What became of a layer.
struct LayerReport {
  std::string layer;
  char const* scheme = "";
  char const* method = "";
  index_t tokens = 0;   ///< that its input had; 0 where no data were needed
  ErrorMetrics weight;  ///< against the weight that was quantized
  /// Half the squared error of its outputs per sequence, tr(D H D^T) / 2: rounded to nearest, and as
  /// it is. 0 where there is no Hessian.
  double output_error_rounded = 0.0;
  double output_error = 0.0;
  FeedbackReport feedback;  ///< of GPTQ
  double seconds = 0.0;
};

/// A layer that a modifier has quantized: the codes of its weight, and the parameters of static
/// inputs.
struct FinishedLayer {
  std::size_t layer = 0;  ///< its number in the model
  ErasedScheme const* scheme = nullptr;
  QuantizedLayer quantized;
  InputParameters input;
  LayerReport report;
};

namespace detail {

/// What quantization modifiers have in common: which layers get which scheme, the tensor scales
/// that fused layers share, static inputs, and what came of it all.
class LayerQuantization {
 public:
  explicit LayerQuantization(SchemeOf scheme_of) : scheme_of_{std::move(scheme_of)} {}

  /// Errors: nothing_to_do if no layer has a scheme.
  Result<void> initialize(Context const& context) {
    auto const& layers = context.model.layers();
    schemes_.assign(layers.size(), nullptr);
    bool any = false;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      schemes_[i] = scheme_of_(layers[i]);
      if (schemes_[i] == nullptr)
        continue;
      any = true;
      statistics_.watch(layers[i].input, layers[i].shape.cols, *schemes_[i]);
    }
    if (!any)
      return Error{Status::nothing_to_do, "no layer is selected"};
    return {};
  }

  /// Calls quantize(layer, weight, reach, importance) for each of these layers that has a scheme.
  /// The model then computes with what it gives.
  template <class Quantize>
  Result<void> quantize(Context const& context, Layers layers, char const* method,
                        Quantize const& quantize) {
    std::map<std::string, float> shared;
    for (std::size_t const i : layers) {
      if (auto done = find_reach(context, i, shared); !done)
        return in_layer(context, i, done.error());
    }
    for (std::size_t const i : layers) {
      if (schemes_[i] == nullptr)
        continue;
      if (auto done = finish(context, i, shared[key(context, i)], method, quantize); !done)
        return in_layer(context, i, done.error());
    }
    return {};
  }

  [[nodiscard]] ErasedScheme const* scheme(std::size_t layer) const { return schemes_[layer]; }
  [[nodiscard]] InputStatistics& statistics() noexcept { return statistics_; }
  [[nodiscard]] bool statistics_empty() const { return statistics_.empty(); }
  [[nodiscard]] std::vector<FinishedLayer> const& finished() const noexcept { return finished_; }

  /// Names the first layer that has this input.
  [[nodiscard]] Error in_input(Context const& context, std::size_t input,
                               Error const& error) const {
    auto const& layers = context.model.layers();
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (layers[i].input == input && schemes_[i] != nullptr)
        return {error.status, "input of layer " + quoted(layers[i].name) + ": " + error.message};
    }
    return error;
  }
  static Error in_layer(Context const& context, std::size_t layer, Error const& error) {
    return {error.status,
            "layer " + quoted(context.model.layers()[layer].name) + ": " + error.message};
  }

 private:
  static std::string key(Context const& context, std::size_t layer) {
    LinearLayer const& l = context.model.layers()[layer];
    return l.fused.empty() ? l.name : l.fused;
  }

  Result<void> find_reach(Context const& context, std::size_t i,
                          std::map<std::string, float>& shared) {
    if (schemes_[i] == nullptr || !schemes_[i]->has_global)
      return {};
    auto const weight = context.model.weight(i);
    if (!weight)
      return weight.error();
    auto const importance = statistics_.importance(context.model.layers()[i].input, *schemes_[i]);
    if (!importance)
      return importance.error();
    auto const reach = schemes_[i]->reach(*weight, *importance, context.executor);
    if (!reach)
      return reach.error();
    float& largest = shared[key(context, i)];
    largest = (std::max)(largest, *reach);
    return {};
  }

  template <class Quantize>
  Result<void> finish(Context const& context, std::size_t i, float reach, char const* method,
                      Quantize const& quantize) {
    auto const begin = std::chrono::steady_clock::now();
    ErasedScheme const& scheme = *schemes_[i];
    LinearLayer const& layer = context.model.layers()[i];
    auto const weight = context.model.weight(i);
    if (!weight)
      return weight.error();
    auto const importance = statistics_.importance(layer.input, scheme);
    if (!importance)
      return importance.error();
    auto const input = statistics_.parameters(layer.input, scheme);
    if (!input)
      return input.error();
    FinishedLayer done;
    done.layer = i;
    done.scheme = &scheme;
    done.input = *input;
    done.report.layer = layer.name;
    done.report.scheme = scheme.name;
    done.report.method = method;
    auto quantized = quantize(i, *weight, reach, *importance, done.report);
    if (!quantized)
      return quantized.error();
    done.quantized = *std::move(quantized);
    done.report.weight = done.quantized.weight->errors(*weight);
    if (auto set = context.model.set_weight(i, done.quantized.weight->values()); !set)
      return set;
    std::chrono::duration<double> const seconds = std::chrono::steady_clock::now() - begin;
    done.report.seconds = seconds.count();
    finished_.push_back(std::move(done));
    return {};
  }

  SchemeOf scheme_of_;
  std::vector<ErasedScheme const*> schemes_;  // of each layer
  InputStatistics statistics_;
  std::vector<FinishedLayer> finished_;
};

}  // namespace detail

/// Rounds weights to the nearest codes, with the scales that the scheme's observer or search finds.
/// Needs data where inputs have static parameters, and where a search weighs columns by them.
class QuantizationModifier {
 public:
  static constexpr char const* name = "QuantizationModifier";

  /// The schemes, which somebody else owns, outlive the modifier.
  explicit QuantizationModifier(SchemeOf scheme_of) : layers_{std::move(scheme_of)} {}

  /// Errors: nothing_to_do if no layer has a scheme.
  Result<void> on_initialize(Context const& context) { return layers_.initialize(context); }
  /// Known after on_initialize.
  [[nodiscard]] bool needs_data() const { return !layers_.statistics_empty(); }
  /// Errors: nonfinite_activation, with row and column.
  Result<void> on_input(Context const& context, InputBatch const& batch) {
    if (auto done = layers_.statistics().observe(batch); !done)
      return layers_.in_input(context, batch.input, done.error());
    return {};
  }
  /// Errors: nonfinite_weight, calibration_empty, ...; all name the layer.
  Result<void> on_sequential_epoch_end(Context const& context, Layers layers) {
    return layers_.quantize(context, layers, name,
                            [&](std::size_t i, Weight const& weight, float reach,
                                Importance const& importance, LayerReport& /*report*/) {
                              return layers_.scheme(i)->round(weight, reach, importance,
                                                              context.executor);
                            });
  }

  [[nodiscard]] std::vector<FinishedLayer> const& finished() const noexcept {
    return layers_.finished();
  }

 private:
  detail::LayerQuantization layers_;
};

static_assert(Modifier<QuantizationModifier> && OnInput<QuantizationModifier>);

}  // namespace qfmt::calibration
