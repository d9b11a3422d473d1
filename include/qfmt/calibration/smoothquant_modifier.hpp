// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>

#include <qfmt/calibration/modifier.hpp>
#include <qfmt/calibration/smoothquant.hpp>

namespace qfmt::calibration {

/// Where the inputs of linear layers come from, in the words of a model.
struct InputSources {
  /// Whether this input comes from somewhere that can be divided: a norm.
  std::function<bool(std::size_t input)> can_divide;
  /// Divides it, column by column, for good: the weight and the bias of the norm.
  std::function<Result<void>(std::size_t input, std::span<double const> scales)> divide;
};

/// SmoothQuant (calibration/smoothquant.hpp) of the inputs that a model can divide: outputs stay as
/// they were, and columns of inputs and weights become more alike. A transform; a modifier that
/// quantizes follows. An input that no token has reached stays as it is.
class SmoothQuantModifier {
 public:
  static constexpr char const* name = "SmoothQuantModifier";

  explicit SmoothQuantModifier(InputSources sources, SmoothQuantOptions const& options = {})
      : sources_{std::move(sources)}, options_{options} {}

  /// Errors: nothing_to_do if no input can be divided.
  Result<void> on_initialize(Context const& context) {
    for (LinearLayer const& layer : context.model.layers()) {
      if (sources_.can_divide(layer.input))
        ranges_.try_emplace(layer.input, layer.shape.cols);
    }
    if (ranges_.empty())
      return Error{Status::nothing_to_do, "no input of linear layers comes from a norm"};
    return {};
  }

  /// Errors: shape_mismatch.
  Result<void> on_input(Context const& /*context*/, InputBatch const& batch) {
    auto const found = ranges_.find(batch.input);
    if (found == ranges_.end())
      return {};
    return found->second.observe<float>(batch.values, batch.kept);
  }

  /// Errors: those of smoothing_scales; all name a layer.
  Result<void> on_sequential_epoch_end(Context const& context, Layers layers) {
    std::set<std::size_t> inputs;
    for (std::size_t const i : layers) inputs.insert(context.model.layers()[i].input);
    for (std::size_t const input : inputs) {
      auto const found = ranges_.find(input);
      if (found == ranges_.end() || found->second.tokens() == 0)
        continue;
      if (auto done = smooth(context, input, found->second); !done)
        return done;
      ranges_.erase(found);
    }
    return {};
  }

 private:
  Result<void> smooth(Context const& context, std::size_t input, ColumnRanges const& ranges) const {
    std::vector<std::size_t> layers;
    std::vector<Weight> weights;
    std::vector<float> largest(static_cast<std::size_t>(ranges.columns()), 0.0f);
    for (std::size_t i = 0; i < context.model.layers().size(); ++i) {
      if (context.model.layers()[i].input != input)
        continue;
      auto weight = context.model.weight(i);
      if (!weight)
        return weight.error();
      weight->visit([&]<class T>(MatrixView<T const> w) { raise_column_amax<T>(w, largest); });
      layers.push_back(i);
      weights.push_back(*std::move(weight));
    }
    // The steps of the published stack are those of the model's own type.
    auto const scales = weights.front().visit([&]<class T>(MatrixView<T const>) {
      return smoothing_scales<profile::CompressedTensors, T>(ranges, largest, options_);
    });
    if (!scales)
      return Error{scales.status(), "input of layer " +
                                        quoted(context.model.layers()[layers.front()].name) + ": " +
                                        scales.error().message};
    for (std::size_t i = 0; i < layers.size(); ++i) {
      Shape const shape = weights[i].shape;
      auto multiplied = std::visit(
          [&]<class T>(std::vector<T>& values) {
            return multiply_columns<T>({values.data(), shape}, *scales, context.executor);
          },
          weights[i].values);
      if (!multiplied)
        return multiplied;
      if (auto set = context.model.set_weight(layers[i], std::move(weights[i])); !set)
        return set;
    }
    return sources_.divide(input, *scales);
  }

  InputSources sources_;
  SmoothQuantOptions options_;
  std::map<std::size_t, ColumnRanges> ranges_;
};

static_assert(Modifier<SmoothQuantModifier> && OnInput<SmoothQuantModifier>);

}  // namespace qfmt::calibration
