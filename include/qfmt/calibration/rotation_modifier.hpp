// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <set>

#include <qfmt/calibration/modifier.hpp>
#include <qfmt/calibration/rotation.hpp>

namespace qfmt::calibration {

/// Which rotations a RotationModifier makes: Hadamard matrices, with `random_signs` those of
/// Rotation::random_hadamard.
struct RotationOptions {
  bool residual = true;  ///< R1: what all layers read and write
  bool heads = true;     ///< R2: values, head by head, before the output projection
  bool random_signs = false;
  uint64_t seed = 0;  ///< of the signs
  index_t block = 0;  ///< R1 in blocks of so many columns; 0: one for all
};

/// Rotates a model in itself (calibration/rotation.hpp): outputs stay as they were, but for rounding,
/// and no column of an input is much larger than others. A transform without data; a modifier that
/// quantizes follows.
///
/// R1 first multiplies the weights of norms into the layers behind them. A head that is tied to the
/// embedding is a tensor of its own from then on, since only the head takes the last norm. What is
/// multiplied and rotated is rounded to the type of the tensor once. Norms with a bias are refused: a
/// rotation does not turn it.
class RotationModifier {
 public:
  static constexpr char const* name = "SpinQuantModifier";

  explicit RotationModifier(RotationOptions const& options = {}) : options_{options} {}

  /// Errors: unsupported for a model that is not transformable, or a norm with a bias; size_unsupported;
  /// block_not_divisor; nothing_to_do without any rotation, or heads.
  Result<void> on_calibration_start(Context const& context) {
    auto const stream = context.model.residual_stream();
    if (!stream)
      return Error{Status::unsupported, "got a model whose embedding and norms cannot be changed"};
    if (!options_.residual && !options_.heads)
      return Error{Status::nothing_to_do, "got no rotation"};
    if (options_.residual) {
      if (auto done = rotate_stream(context, *stream); !done)
        return done;
    }
    return options_.heads ? rotate_heads(context) : Result<void>{};
  }

 private:
  [[nodiscard]] Result<Rotation> rotation(index_t size) const {
    return options_.random_signs ? Rotation::random_hadamard(size, options_.seed)
                                 : Rotation::hadamard(size);
  }

  /// Changes a matrix in binary32, and rounds it to its own type.
  template <class Change>
  static Result<void> change(Weight& weight, Change const& change_floats) {
    return std::visit(
        [&]<class T>(std::vector<T>& values) -> Result<void> {
          std::vector<float> floats(values.size());
          std::transform(values.begin(), values.end(), floats.begin(),
                         [](T x) { return to_float(x); });
          if (auto done = change_floats(MatrixView<float>{floats.data(), weight.shape}); !done)
            return done;
          std::transform(floats.begin(), floats.end(), values.begin(),
                         [](float x) { return from_float<T>(x); });
          return {};
        },
        weight.values);
  }
  template <class Change>
  static Result<void> change_layer(Context const& context, std::size_t layer,
                                   Change const& change_floats) {
    auto weight = context.model.weight(layer);
    if (!weight)
      return weight.error();
    auto done = change(*weight, change_floats);
    return done ? context.model.set_weight(layer, *std::move(weight)) : done;
  }
  template <class Change>
  static Result<void> change_tensor(Context const& context, std::string const& tensor,
                                    Change const& change_floats) {
    auto values = context.model.tensor(tensor);
    if (!values)
      return values.error();
    if (auto done = change(*values, change_floats); !done)
      return Error{done.status(), "tensor " + quoted(tensor) + ": " + done.error().message};
    return context.model.set_tensor(tensor, *std::move(values));
  }

  static Result<std::vector<float>> norm_of(Context const& context, std::string const& tensor) {
    auto const values = context.model.tensor(tensor);
    if (!values)
      return values.error();
    std::vector<float> floats;
    values->visit([&](auto view) {
      for (index_t i = 0; i < view.shape.size(); ++i) floats.push_back(to_float(view.data[i]));
    });
    return floats;
  }
  /// What a norm was multiplied by is in the layers now.
  static Result<void> set_to_one(Context const& context, std::string const& norm) {
    return change_tensor(context, norm, [](MatrixView<float> values) -> Result<void> {
      std::fill_n(values.data, values.shape.size(), 1.0f);
      return {};
    });
  }

  Result<void> rotate_stream(Context const& context, ResidualStream const& stream) const {
    auto const& layers = context.model.layers();
    auto const embedding = context.model.tensor(stream.embedding);
    if (!embedding)
      return embedding.error();
    index_t const hidden = embedding->shape.cols;
    auto const q = rotation(options_.block == 0 ? hidden : options_.block);
    if (!q)
      return q.error();
    auto const read_by = [&](std::vector<float> const& norm) {
      return [&](MatrixView<float> weight) -> Result<void> {
        if (auto done = absorb_norm<float>(weight, norm); !done)
          return done;
        return rotate_inputs<float>(weight, *q, context.executor);
      };
    };
    auto const written_by = [&](MatrixView<float> weight) {
      return rotate_outputs<float>(weight, *q, context.executor);
    };
    // The head first: while it is tied, it is what the embedding is.
    auto const last = norm_of(context, stream.norm);
    if (!last)
      return last.error();
    if (auto done = change_tensor(context, stream.head, read_by(*last)); !done)
      return done;
    if (auto done = set_to_one(context, stream.norm); !done)
      return done;
    if (auto done = change_tensor(context, stream.embedding,
                                  [&](MatrixView<float> rows) {
                                    return rotate_inputs<float>(rows, *q, context.executor);
                                  });
        !done)
      return done;
    std::set<std::string> norms;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      auto const source = context.model.source(layers[i].input);
      if (!source || source->layer)
        continue;
      if (source->vectors.size() != 1)
        return Error{Status::unsupported, "norm " + quoted(source->module) + ": got a bias"};
      auto const norm = norm_of(context, source->vectors.front());
      if (!norm)
        return norm.error();
      if (auto done = change_layer(context, i, read_by(*norm)); !done)
        return in_layer(layers[i], done.error());
      norms.insert(source->vectors.front());
    }
    for (std::string const& norm : norms) {
      if (auto done = set_to_one(context, norm); !done)
        return done;
    }
    for (std::size_t const i : stream.writers) {
      if (auto done = change_layer(context, i, written_by); !done)
        return in_layer(layers[i], done.error());
    }
    for (std::string const& bias : stream.biases) {
      if (auto done = change_tensor(context, bias, written_by); !done)
        return done;
    }
    return {};
  }

  Result<void> rotate_heads(Context const& context) const {
    auto const& layers = context.model.layers();
    std::set<std::size_t> values;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      auto const source = context.model.source(layers[i].input);
      if (!source || !source->layer || source->head_size == 0)
        continue;
      auto const q = rotation(source->head_size);
      if (!q)
        return q.error();
      auto const written_by = [&](MatrixView<float> weight) {
        return rotate_outputs<float>(weight, *q, context.executor);
      };
      if (values.insert(*source->layer).second) {
        if (auto done = change_layer(context, *source->layer, written_by); !done)
          return in_layer(layers[*source->layer], done.error());
        for (std::string const& bias : source->vectors) {
          if (auto done = change_tensor(context, bias, written_by); !done)
            return done;
        }
      }
      auto const done = change_layer(context, i, [&](MatrixView<float> weight) {
        return rotate_inputs<float>(weight, *q, context.executor);
      });
      if (!done)
        return in_layer(layers[i], done.error());
    }
    return values.empty() && !options_.residual
               ? Error{Status::nothing_to_do, "no layer reads values of attention heads"}
               : Result<void>{};
  }

  static Error in_layer(LinearLayer const& layer, Error const& error) {
    return {error.status, "layer " + quoted(layer.name) + ": " + error.message};
  }

  RotationOptions options_;
};

static_assert(Modifier<RotationModifier> && !OnInput<RotationModifier>);

}  // namespace qfmt::calibration
