// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/input_scaling.hpp>
#include <qfmt/calibration/smoothquant.hpp>

namespace qfmt::calibration {

/// SmoothQuant (calibration/smoothquant.hpp) of the inputs that come from norms: outputs stay as they
/// were, and columns of inputs and weights become more alike. A transform; a modifier that quantizes
/// follows. An input that no token has reached stays as it is.
class SmoothQuantModifier {
 public:
  static constexpr char const* name = "SmoothQuantModifier";

  explicit SmoothQuantModifier(SmoothQuantOptions const& options = {},
                               InputSelection selection = {})
      : options_{options}, selection_{std::move(selection)} {}

  /// Errors: nothing_to_do if no input is selected.
  Result<void> on_initialize(Context const& context) {
    for (LinearLayer const& layer : context.model.layers()) {
      auto const source = selected_source(context.model, layer.input, selection_);
      if (source && !source->layer)
        ranges_.try_emplace(layer.input, layer.shape.cols);
    }
    if (ranges_.empty())
      return Error{Status::nothing_to_do, "no input of linear layers that comes from a norm"};
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
    for (std::size_t const i : layers) {
      std::size_t const input = context.model.layers()[i].input;
      auto const found = ranges_.find(input);
      if (found == ranges_.end() || found->second.tokens() == 0)
        continue;
      if (auto done = smooth(context, input, found->second); !done)
        return in_input(context.model, input, done.error());
      ranges_.erase(found);
    }
    return {};
  }

 private:
  Result<void> smooth(Context const& context, std::size_t input, ColumnRanges const& ranges) const {
    std::vector<float> largest(static_cast<std::size_t>(ranges.columns()), 0.0f);
    auto const layers = layers_of_input(context.model, input);
    Result<std::vector<double>> scales = std::vector<double>{};
    for (std::size_t const i : layers) {
      auto const weight = context.model.weight(i);
      if (!weight)
        return weight.error();
      weight->visit([&]<class T>(MatrixView<T const> w) {
        raise_column_amax<T>(w, largest);
        // The steps of the published stack are those of the model's own type.
        if (i == layers.back())
          scales = smoothing_scales<profile::CompressedTensors, T>(ranges, largest, options_);
      });
    }
    if (!scales)
      return scales.error();
    return scale_input(context, input, *context.model.source(input), *scales);
  }

  SmoothQuantOptions options_;
  InputSelection selection_;
  std::map<std::size_t, ColumnRanges> ranges_;
};

static_assert(Modifier<SmoothQuantModifier> && OnInput<SmoothQuantModifier>);

}  // namespace qfmt::calibration
