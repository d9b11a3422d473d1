// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <qfmt/core/matrix_view.hpp>
#include <qfmt/exec/thread_pool.hpp>

#include "config.hpp"

namespace llama {

class Linear;  // linear.hpp
using SharedLinear = std::shared_ptr<Linear const>;

/// A matrix of activations.
class Matrix {
 public:
  Matrix() = default;
  explicit Matrix(qfmt::Shape shape)
      : shape_{shape}, values_(static_cast<std::size_t>(shape.size())) {}

  [[nodiscard]] qfmt::Shape shape() const noexcept { return shape_; }
  [[nodiscard]] qfmt::MatrixView<float> view() noexcept { return {values_.data(), shape_}; }
  [[nodiscard]] qfmt::MatrixView<float const> view() const noexcept {
    return {values_.data(), shape_};
  }
  [[nodiscard]] float* row(index_t r) noexcept { return view().row(r); }
  [[nodiscard]] float const* row(index_t r) const noexcept { return view().row(r); }

 private:
  qfmt::Shape shape_;
  std::vector<float> values_;
};

/// A text as far as a model has read it: the keys and values that later tokens attend to.
class Sequence {
 public:
  /// Room for `capacity` tokens.
  Sequence(Config const& config, index_t capacity);

  [[nodiscard]] index_t length() const noexcept { return length_; }
  [[nodiscard]] index_t capacity() const noexcept { return capacity_; }

 private:
  friend class Pass;

  /// The keys and values of one layer. Values lie the other way round, since their product with the
  /// attention weights sums over tokens.
  struct Cache {
    Matrix keys;    // (capacity, key_value_size)
    Matrix values;  // (key_value_size, capacity)
  };

  index_t length_ = 0;
  index_t capacity_;
  std::vector<Cache> caches_;  // layer by layer
};

/// One decoder layer.
struct DecoderLayer {
  std::vector<float> input_norm;      // (hidden)
  SharedLinear q;                     // (query_size, hidden)
  SharedLinear k;                     // (key_value_size, hidden)
  SharedLinear v;                     // (key_value_size, hidden)
  SharedLinear o;                     // (hidden, query_size)
  std::vector<float> attention_norm;  // (hidden)
  SharedLinear gate;                  // (intermediate, hidden)
  SharedLinear up;                    // (intermediate, hidden)
  SharedLinear down;                  // (hidden, intermediate)
};

/// What calibration looks at in a decoder layer: the inputs of its linear layers, and what its cache
/// keeps.
enum class Watched : qfmt::uint8_t { qkv, o, gate_up, down, keys, values };

/// Told of an input before it is multiplied; its error ends the pass.
using InputWatcher =
    std::function<qfmt::Result<void>(Watched input, qfmt::MatrixView<float const> x)>;

/// A language model of the Llama architecture. Activations are binary32; weights are what the
/// checkpoint holds.
class Model {
 public:
  /// Loads a model directory: config.json and safetensors files, dense or in the compressed-tensors
  /// format. Errors name the file, the field or the tensor.
  static qfmt::Result<Model> load(std::filesystem::path const& directory);

  [[nodiscard]] Config const& config() const noexcept { return config_; }

  /// Reads the next tokens of one text or of several, the same number of each, and appends them to
  /// their sequences. Gives the hidden state after each token, (texts * tokens, hidden): text by
  /// text.
  ///
  /// Errors: invalid_argument for a token outside the vocabulary, or more tokens than the sequences
  /// have room for; nonfinite_activation.
  qfmt::Result<Matrix> read(std::span<Sequence> texts, std::span<Token const> tokens,
                            qfmt::ThreadPool& threads) const;

  /// The embeddings of tokens, (tokens, hidden): the first part of read().
  ///
  /// Errors: invalid_argument for a token outside the vocabulary.
  qfmt::Result<Matrix> embed(std::span<Token const> tokens, qfmt::ThreadPool& threads) const;

  /// One decoder layer of read() alone, for `texts` texts of the same length from their beginning:
  /// the hidden states behind it, from those before it. `watcher` may be empty.
  ///
  /// Errors: invalid_argument; nonfinite_activation; the watcher's.
  qfmt::Result<Matrix> decode(std::size_t layer, Matrix hidden, index_t texts,
                              InputWatcher const& watcher, qfmt::ThreadPool& threads) const;

  /// The decoder layers, to exchange their linear layers and norms.
  [[nodiscard]] std::vector<DecoderLayer>& layers() noexcept { return layers_; }
  /// Exchanges what stands before and behind them. A head that is tied stays what it is.
  void set_embedding(SharedLinear embedding) noexcept { embedding_ = std::move(embedding); }
  void set_norm(std::vector<float> norm) noexcept { norm_ = std::move(norm); }
  void set_head(SharedLinear head) noexcept { head_ = std::move(head); }

  /// For each hidden state, how the model rates each entry of the vocabulary as the next token.
  qfmt::Result<Matrix> logits(qfmt::MatrixView<float const> hidden,
                              qfmt::ThreadPool& threads) const;

 private:
  friend class Pass;

  Config config_;
  SharedLinear embedding_;  // (vocab, hidden)
  std::vector<DecoderLayer> layers_;
  std::vector<float> norm_;  // (hidden)
  SharedLinear head_;        // (vocab, hidden); tied models: the embedding
};

}  // namespace llama
