// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <optional>
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

/// Where an input of linear layers comes from, if its columns can be scaled there: a norm, or a linear
/// layer with nothing but elementwise products behind it (v before o, up before down).
struct InputSource {
  std::string module;  ///< the norm or the layer, as checkpoints have it
  std::optional<std::size_t>
      layer;  ///< its number, if it is a layer: its last rows are the columns
  /// Tensors whose last numbers are the columns: the weight and the bias of a norm, the bias of a layer.
  std::vector<std::string> vectors;
  /// Columns that may be mixed among themselves, as those of an attention head between v and o;
  /// 0: each stands for itself.
  index_t head_size = 0;
  /// Several heads of columns are the same rows of the layer, as with grouped queries: such columns can
  /// be mixed, but not scaled one by one.
  bool is_repeated = false;
};

/// What layers read through norms and add to: x = embedding[token], x += W y, ..., head(norm(x)).
struct ResidualStream {
  std::string embedding;             ///< tensor, (vocabulary, hidden)
  std::string norm;                  ///< tensor, (hidden): the last one
  std::string head;                  ///< tensor, (vocabulary, hidden), also where it is tied
  std::vector<std::size_t> writers;  ///< layers whose outputs are added
  std::vector<std::string> biases;   ///< tensors that are added, too
};

/// Keys and values that attention keeps, (tokens, heads * head size), as a hook is told of them: inputs
/// of no linear layer, with numbers of their own. A model that has some says so in kv_caches().
struct KvCache {
  std::string module;  ///< of the attention, as checkpoints have it
  std::size_t keys = 0;
  std::size_t values = 0;
};

/// A model whose other tensors can be changed, so that its linear layers see other inputs while its
/// outputs stay. A tied head is one as long as nobody sets it; then it is a tensor of its own.
template <class M>
concept TransformableModel = CalibrationModel<M> &&
    requires(M& model, std::size_t input, std::string const& tensor, Weight values) {
  { model.source(input) } -> std::same_as<std::optional<InputSource>>;
  { model.residual_stream() } -> std::same_as<ResidualStream>;
  { model.tensor(tensor) } -> std::same_as<Result<Weight>>;
  { model.set_tensor(tensor, std::move(values)) } -> std::same_as<Result<void>>;
};

/// Any model, which somebody else owns: the rest of calibration is compiled once. Copies are the same
/// model.
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
        }} {
    if constexpr (requires {
                    { model.kv_caches() } -> std::same_as<std::vector<KvCache>>;
                  })
      kv_caches_ = model.kv_caches();
    if constexpr (TransformableModel<M>) {
      source_ = [](void* m, std::size_t input) { return static_cast<M*>(m)->source(input); };
      residual_stream_ = [](void* m) { return static_cast<M*>(m)->residual_stream(); };
      tensor_ = [](void* m, std::string const& name) { return static_cast<M*>(m)->tensor(name); };
      set_tensor_ = [](void* m, std::string const& name, Weight values) {
        return static_cast<M*>(m)->set_tensor(name, std::move(values));
      };
    }
  }

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
    note_change(layers_[layer].name + ".weight");
    return set_weight_(model_, layer, std::move(weight));
  }

  [[nodiscard]] std::vector<KvCache> const& kv_caches() const noexcept { return kv_caches_; }

  /// Nothing for an input that cannot be scaled, and for models that are not transformable.
  [[nodiscard]] std::optional<InputSource> source(std::size_t input) const {
    return source_ == nullptr ? std::optional<InputSource>{} : source_(model_, input);
  }
  /// Nothing for models that are not transformable.
  [[nodiscard]] std::optional<ResidualStream> residual_stream() const {
    return residual_stream_ == nullptr ? std::optional<ResidualStream>{} : residual_stream_(model_);
  }
  /// A tensor that is no weight of a linear layer; a vector has one column. Errors: unsupported for
  /// models that are not transformable.
  [[nodiscard]] Result<Weight> tensor(std::string const& name) const {
    if (tensor_ == nullptr)
      return Error{Status::unsupported,
                   "tensor " + quoted(name) + ": the model has none to change"};
    return tensor_(model_, name);
  }
  Result<void> set_tensor(std::string const& name, Weight values) const {
    if (set_tensor_ == nullptr)
      return Error{Status::unsupported,
                   "tensor " + quoted(name) + ": the model has none to change"};
    note_change(name);
    return set_tensor_(model_, name, std::move(values));
  }
  /// The tensors that have been set, weights of linear layers among them, and when each was last: the
  /// first change of all is 1.
  [[nodiscard]] std::map<std::string, uint64_t> const& changes() const noexcept {
    return changes_->last;
  }
  [[nodiscard]] uint64_t change_count() const noexcept { return changes_->count; }

 private:
  void note_change(std::string const& tensor) const { changes_->last[tensor] = ++changes_->count; }

  void* model_;
  std::vector<LinearLayer> layers_;
  std::size_t subgraphs_;
  std::vector<KvCache> kv_caches_;
  Result<Activations> (*forward_)(void*, std::size_t, Activations const&, InputHook const&);
  Result<Weight> (*weight_)(void*, std::size_t);
  Result<void> (*set_weight_)(void*, std::size_t, Weight);
  std::optional<InputSource> (*source_)(void*, std::size_t) = nullptr;
  ResidualStream (*residual_stream_)(void*) = nullptr;
  Result<Weight> (*tensor_)(void*, std::string const&) = nullptr;
  Result<void> (*set_tensor_)(void*, std::string const&, Weight) = nullptr;
  struct Changes {
    uint64_t count = 0;
    std::map<std::string, uint64_t> last;
  };
  std::shared_ptr<Changes> changes_ = std::make_shared<Changes>();
};

/// Some texts that go through the model together.
struct Batch {
  Activations inputs;  ///< of the first subgraph
  /// One byte for each token, 0 for those that enter no statistic, such as padding; empty: all count.
  std::vector<uint8_t> kept;
  index_t sequences = 1;
};

}  // namespace qfmt::calibration
