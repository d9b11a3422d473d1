// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/formats/bf16.hpp>
#include <qfmt/formats/fp16.hpp>
#include <qfmt/formats/real.hpp>
#include <qfmt/tensor/result.hpp>

// What calibration needs to know of a model. It knows no architecture: a model says which linear
// layers it has, and runs its parts one after the other.

namespace qfmt::calibration {

/// A matrix that flows between the parts of a model. Tokens are numbers too: exact below 2^24.
struct Activation {
  Shape shape;
  std::vector<float> values;  // (rows, cols)

  [[nodiscard]] MatrixView<float const> view() const noexcept { return {values.data(), shape}; }
};

/// Activations by name. Whoever passes one on shares it.
using Activations = std::map<std::string, std::shared_ptr<Activation const>>;

/// A linear layer: y = x W^T.
struct LinearLayer {
  std::string name;          ///< of the module, as checkpoints have it
  Shape shape;               ///< (out, in)
  std::size_t subgraph = 0;  ///< the part of the model that it is in
  /// A number for its input: layers with the same one see the same input (q/k/v, gate/up).
  std::size_t input = 0;
  /// Layers that servers multiply as one matrix have the same text, and share the scale of their
  /// tensors; empty: it is alone.
  std::string fused;
};

/// A weight of a linear layer in the type of the model.
struct Weight {
  Shape shape;  // (out, in)
  std::variant<std::vector<float>, std::vector<Code<BF16>>, std::vector<Code<FP16>>> values;

  /// Calls visit(MatrixView<T const>) with the type that it has.
  template <class Visitor>
  decltype(auto) visit(Visitor&& visitor) const {
    return std::visit(
        [&]<class T>(std::vector<T> const& v) {
          return visitor(MatrixView<T const>{v.data(), shape});
        },
        values);
  }
};

/// Told of the input of linear layers, by its number: row r belongs to token r of the batch.
using InputHook = std::function<Result<void>(std::size_t input, MatrixView<float const> x)>;

/// A model that can be calibrated. Its subgraphs run in order; what one gives is what the next one
/// gets, so what is needed later is passed on. A hook, unless it is empty, is called before the
/// layers of an input are multiplied, once for each input of the subgraph; its error is the model's.
template <class M>
concept CalibrationModel = requires(M& model, std::size_t i, Activations const& inputs,
                                    InputHook const& hook, Weight weight) {
  { model.layers() } -> std::convertible_to<std::vector<LinearLayer>>;
  { model.subgraphs() } -> std::convertible_to<std::size_t>;
  { model.forward(i, inputs, hook) } -> std::same_as<Result<Activations>>;
  { model.weight(i) } -> std::same_as<Result<Weight>>;
  { model.set_weight(i, std::move(weight)) } -> std::same_as<Result<void>>;
};

/// Any model, which somebody else owns: the rest of calibration is compiled once.
class ModelRef {
 public:
  template <CalibrationModel M>
  explicit ModelRef(M& model)
      : model_{&model},
        layers_{model.layers()},
        subgraphs_{model.subgraphs()},
        forward_{
            [](void* m, std::size_t subgraph, Activations const& inputs, InputHook const& hook) {
              return static_cast<M*>(m)->forward(subgraph, inputs, hook);
            }},
        weight_{[](void* m, std::size_t layer) { return static_cast<M*>(m)->weight(layer); }},
        set_weight_{[](void* m, std::size_t layer, Weight weight) {
          return static_cast<M*>(m)->set_weight(layer, std::move(weight));
        }} {}

  /// Layers have the numbers of their places here.
  [[nodiscard]] std::vector<LinearLayer> const& layers() const noexcept { return layers_; }
  [[nodiscard]] std::size_t subgraphs() const noexcept { return subgraphs_; }

  [[nodiscard]] Result<Activations> forward(std::size_t subgraph, Activations const& inputs,
                                            InputHook const& hook = {}) const {
    return forward_(model_, subgraph, inputs, hook);
  }
  [[nodiscard]] Result<Weight> weight(std::size_t layer) const { return weight_(model_, layer); }
  /// From now on the layer has this weight, of any type.
  Result<void> set_weight(std::size_t layer, Weight weight) const {
    return set_weight_(model_, layer, std::move(weight));
  }

 private:
  void* model_;
  std::vector<LinearLayer> layers_;
  std::size_t subgraphs_;
  Result<Activations> (*forward_)(void*, std::size_t, Activations const&, InputHook const&);
  Result<Weight> (*weight_)(void*, std::size_t);
  Result<void> (*set_weight_)(void*, std::size_t, Weight);
};

/// Some texts that go through the model together.
struct Batch {
  Activations inputs;  ///< of the first subgraph
  /// One byte for each token, 0 for those that enter no statistic, such as padding; empty: all count.
  std::vector<uint8_t> kept;
  index_t sequences = 1;
};

}  // namespace qfmt::calibration
