// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <qfmt/calibration/model.hpp>
#include <qfmt/core/matrix_view.hpp>
#include <qfmt/exec/thread_pool.hpp>
#include <qfmt/io/checkpoint.hpp>
#include <qfmt/io/compressed_tensors.hpp>
#include <qfmt/tensor/result.hpp>

namespace llama {

/// A weight, whatever a checkpoint keeps it in: binary32, BF16, FP16 or the codes of any preset.
/// The scheme is a type inside; to the rest of the engine all layers look the same.
class Linear {
 public:
  virtual ~Linear() = default;

  /// y = x * w^T, with x (tokens, in), the weight w (out, in) and y (tokens, out).
  ///
  /// Where the scheme quantizes input activations, x is quantized first. Errors:
  /// nonfinite_activation for a NaN or an infinity in such an x; shape_mismatch.
  virtual qfmt::Result<void> multiply(qfmt::MatrixView<float const> x, qfmt::MatrixView<float> y,
                                      qfmt::ThreadPool& threads) const = 0;

  /// Writes row `row` of the weight to `to`: the embedding of a token.
  virtual void read_row(qfmt::index_t row, float* to) const = 0;
};

/// Shared, since a model with tied embeddings uses one weight twice.
using SharedLinear = std::shared_ptr<Linear const>;

/// Loads the weight of a module, which must have the given shape. `scheme` is the one that the
/// configuration has for it, or null; a layer without a scale of its own is a dense one.
///
/// Errors: config_invalid for a scale without a scheme; checkpoint_incomplete, shape_mismatch, unknown_dtype, and those of io::load_layer; all
/// name the tensor or the layer.
qfmt::Result<SharedLinear> load_linear(qfmt::io::Checkpoint const& checkpoint,
                                       qfmt::io::GroupScheme const* scheme,
                                       std::string const& module, qfmt::Shape shape);

/// The weight of a dense module as the checkpoint has it.
///
/// Errors: checkpoint_incomplete, shape_mismatch, unknown_dtype; all name the tensor.
qfmt::Result<qfmt::calibration::Weight> load_weight(qfmt::io::Checkpoint const& checkpoint,
                                                    std::string const& module, qfmt::Shape shape);

/// A dense layer of this weight.
SharedLinear dense_linear(std::string module, qfmt::calibration::Weight weight);

/// Loads a vector of real numbers, such as the weight of a norm.
qfmt::Result<std::vector<float>> load_vector(qfmt::io::Checkpoint const& checkpoint,
                                             std::string const& tensor, qfmt::index_t size);

}  // namespace llama
