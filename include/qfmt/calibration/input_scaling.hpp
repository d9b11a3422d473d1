// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/column_scaling.hpp>
#include <qfmt/calibration/modifier.hpp>

// What SmoothQuant and AWQ do to a model: columns of an input are divided by scales where the input
// comes from, and the layers that see it are multiplied by as much.

namespace qfmt::calibration {

/// Whether a transform is for an input, by where it comes from and the layers that see it; empty: for
/// all that it can be for.
using InputSelection =
    std::function<bool(InputSource const& source, std::vector<std::string> const& layers)>;

/// The numbers of the layers that see an input.
[[nodiscard]] inline std::vector<std::size_t> layers_of_input(ModelRef const& model,
                                                              std::size_t input) {
  std::vector<std::size_t> layers;
  for (std::size_t i = 0; i < model.layers().size(); ++i) {
    if (model.layers()[i].input == input)
      layers.push_back(i);
  }
  return layers;
}

/// Where an input comes from, if it can be scaled there and the selection wants it.
[[nodiscard]] inline std::optional<InputSource> selected_source(ModelRef const& model,
                                                                std::size_t input,
                                                                InputSelection const& selection) {
  auto source = model.source(input);
  if (!source || source->is_repeated)
    return {};
  if (!selection)
    return source;
  std::vector<std::string> names;
  for (std::size_t const i : layers_of_input(model, input)) names.push_back(model.layers()[i].name);
  return selection(*source, names) ? source : std::nullopt;
}

/// Names the first layer of an input.
[[nodiscard]] inline Error in_input(ModelRef const& model, std::size_t input, Error const& error) {
  auto const layers = layers_of_input(model, input);
  if (layers.empty())
    return error;
  return {error.status,
          "input of layer " + quoted(model.layers()[layers.front()].name) + ": " + error.message};
}

/// Divides an input by scales where it comes from and multiplies the layers that see it, for good: the
/// outputs of the model stay, but for one rounding of each number to the model's type.
///
/// Errors: those of the model, of divide_rows and multiply_columns.
inline Result<void> scale_input(Context const& context, std::size_t input,
                                InputSource const& source, std::span<double const> scales) {
  ModelRef const& model = context.model;
  auto const divide = [&](Weight& values) {
    return std::visit(
        [&]<class T>(std::vector<T>& v) {
          return divide_rows<T>({v.data(), values.shape}, scales);
        },
        values.values);
  };
  if (source.layer) {
    auto weight = model.weight(*source.layer);
    if (!weight)
      return weight.error();
    if (auto done = divide(*weight); !done)
      return done;
    if (auto set = model.set_weight(*source.layer, *std::move(weight)); !set)
      return set;
  }
  for (std::string const& name : source.vectors) {
    auto vector = model.tensor(name);
    if (!vector)
      return vector.error();
    if (auto done = divide(*vector); !done)
      return Error{done.status(), "tensor " + quoted(name) + ": " + done.error().message};
    if (auto set = model.set_tensor(name, *std::move(vector)); !set)
      return set;
  }
  for (std::size_t const i : layers_of_input(model, input)) {
    auto weight = model.weight(i);
    if (!weight)
      return weight.error();
    auto const multiplied = std::visit(
        [&]<class T>(std::vector<T>& v) {
          return multiply_columns<T>({v.data(), weight->shape}, scales, context.executor);
        },
        weight->values);
    if (!multiplied)
      return multiplied;
    if (auto set = model.set_weight(i, *std::move(weight)); !set)
      return set;
  }
  return {};
}

}  // namespace qfmt::calibration
