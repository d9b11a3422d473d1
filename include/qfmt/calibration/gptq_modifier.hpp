// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/rtn.hpp>

namespace qfmt::calibration {

struct GptqModifierOptions : GptqOptions {
  /// Also measures the errors of outputs, beside those of rounding to nearest. Costs about as much as
  /// GPTQ itself, on one thread.
  bool measures_outputs = false;
};

/// GPTQ (calibration/gptq.hpp) of the layers that a model has. Layers with the same input share one
/// Hessian and one factorisation of it; both are gone when their subgraph is done.
///
/// A layer whose input had no token while others had some, such as an expert that was never chosen,
/// is rounded to nearest, and its report has no tokens.
class GptqModifier {
 public:
  static constexpr char const* name = "GPTQModifier";

  /// The schemes, which somebody else owns, outlive the modifier.
  explicit GptqModifier(SchemeOf scheme_of, GptqModifierOptions const& options = {})
      : layers_{std::move(scheme_of)}, options_{options} {}

  /// Errors: nothing_to_do if no layer has a scheme.
  Result<void> on_initialize(Context const& context) {
    if (auto done = layers_.initialize(context); !done)
      return done;
    auto const& layers = context.model.layers();
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (layers_.scheme(i) != nullptr)
        columns_[layers[i].input] = layers[i].shape.cols;
    }
    return {};
  }

  /// Errors: nonfinite_activation, with row and column; shape_mismatch.
  Result<void> on_input(Context const& context, InputBatch const& batch) {
    auto const columns = columns_.find(batch.input);
    if (columns == columns_.end())
      return {};
    Hessian& hessian = hessians_.try_emplace(batch.input, columns->second).first->second;
    if (auto done =
            hessian.observe<float>(batch.values, batch.kept, context.executor, batch.sequences);
        !done)
      return layers_.in_input(context, batch.input, done.error());
    if (auto done = layers_.statistics().observe(batch); !done)
      return layers_.in_input(context, batch.input, done.error());
    return {};
  }

  /// Errors: those of ColumnFeedback::from and gptq_with_feedback; all name the layer.
  Result<void> on_sequential_epoch_end(Context const& context, Layers layers) {
    auto done = layers_.quantize(context, layers, name,
                                 [&](std::size_t i, Weight const& weight, float reach,
                                     Importance const& importance, LayerReport& report) {
                                   return quantize(context, i, weight, reach, importance, report);
                                 });
    feedbacks_.clear();
    for (std::size_t const i : layers) hessians_.erase(context.model.layers()[i].input);
    return done;
  }

  [[nodiscard]] std::vector<FinishedLayer> const& finished() const noexcept {
    return layers_.finished();
  }

 private:
  Result<QuantizedLayer> quantize(Context const& context, std::size_t i, Weight const& weight,
                                  float reach, Importance const& importance, LayerReport& report) {
    ErasedScheme const& scheme = *layers_.scheme(i);
    std::size_t const input = context.model.layers()[i].input;
    auto const hessian = hessians_.find(input);
    if (hessian == hessians_.end() || hessian->second.tokens() == 0)
      return scheme.round(weight, reach, importance, context.executor);
    report.tokens = hessian->second.tokens();
    auto const key = std::pair{input, scheme.form};
    auto feedback = feedbacks_.find(key);
    if (feedback == feedbacks_.end()) {
      auto made = ColumnFeedback::from(hessian->second, options_, scheme.form, context.executor);
      if (!made)
        return made.error();
      feedback = feedbacks_.emplace(key, *std::move(made)).first;
    }
    report.feedback = feedback->second.report();
    auto quantized =
        scheme.gptq(weight, reach, importance, feedback->second, options_, context.executor);
    if (!quantized || !options_.measures_outputs)
      return quantized;
    auto const rounded = scheme.round(weight, reach, importance, context.executor);
    if (!rounded)
      return rounded.error();
    report.output_error_rounded = rounded->weight->output_error(weight, hessian->second);
    report.output_error = quantized->weight->output_error(weight, hessian->second);
    return quantized;
  }

  detail::LayerQuantization layers_;
  GptqModifierOptions options_;
  std::map<std::size_t, index_t> columns_;  // of the inputs that are watched
  std::map<std::size_t, Hessian> hessians_;
  std::map<std::pair<std::size_t, FeedbackForm>, ColumnFeedback> feedbacks_;
};

static_assert(Modifier<GptqModifier> && OnInput<GptqModifier>);

}  // namespace qfmt::calibration
