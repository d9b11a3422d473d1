// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "model.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>

#include <qfmt/gemm/gemm.hpp>

#include "layer_schemes.hpp"
#include "linear.hpp"

namespace llama {

using namespace qfmt;

Sequence::Sequence(Config const& config, index_t capacity) : capacity_{capacity} {
  for (index_t i = 0; i < config.num_hidden_layers; ++i) {
    caches_.push_back(
        {Matrix{{capacity, config.key_value_size()}}, Matrix{{config.key_value_size(), capacity}}});
  }
}

// ------------------------------------------------------------------ arithmetic on rows

namespace {

/// to = x / sqrt(mean(x^2) + epsilon) * weight
void rms_norm(float const* x, std::span<float const> weight, float epsilon, float* to) {
  float sum = 0.0f;
  for (std::size_t i = 0; i < weight.size(); ++i) sum += x[i] * x[i];
  float const scale = 1.0f / std::sqrt(sum / static_cast<float>(weight.size()) + epsilon);
  for (std::size_t i = 0; i < weight.size(); ++i) to[i] = x[i] * scale * weight[i];
}

/// Turns the pairs (x[i], x[i + half]) of one head by the angles whose cosines and sines are given.
void rotate(float* x, float const* cosines, float const* sines, index_t half) {
  for (index_t i = 0; i < half; ++i) {
    float const a = x[i];
    float const b = x[i + half];
    x[i] = a * cosines[i] - b * sines[i];
    x[i + half] = b * cosines[i] + a * sines[i];
  }
}

/// x = softmax(x * scale)
void softmax(float* x, index_t count, float scale) {
  float const largest = *std::max_element(x, x + count);
  float sum = 0.0f;
  for (index_t i = 0; i < count; ++i) {
    x[i] = std::exp((x[i] - largest) * scale);
    sum += x[i];
  }
  for (index_t i = 0; i < count; ++i) x[i] /= sum;
}

/// gate = silu(gate) * up
void silu_product(float* gate, float const* up, index_t count) {
  for (index_t i = 0; i < count; ++i) gate[i] *= up[i] / (1.0f + std::exp(-gate[i]));
}

}  // namespace

// ------------------------------------------------------------------ one pass through the layers

/// The buffers of one call of Model::read, and its steps in order. Rows are tokens, text by text.
/// The first error is kept; what is computed after it does not matter.
class Pass {
 public:
  /// From hidden states, text by text.
  Pass(Model const& model, std::span<Sequence> texts, Matrix hidden, ThreadPool& threads)
      : model_{model},
        config_{model.config_},
        texts_{texts},
        threads_{threads},
        rows_{hidden.shape().rows},
        count_{rows_ / static_cast<index_t>(texts.size())},
        hidden_{std::move(hidden)},
        normed_{{rows_, config_.hidden_size}},
        rotation_{{rows_, config_.head_dim}},
        q_{{rows_, config_.query_size()}},
        k_{{rows_, config_.key_value_size()}},
        v_{{rows_, config_.key_value_size()}},
        attended_{{rows_, config_.query_size()}},
        gate_{{rows_, config_.intermediate_size}},
        up_{{rows_, config_.intermediate_size}} {
    for_each_row([&](index_t row) { find_rotation(row); });
  }

  Result<Matrix> run() {
    for (std::size_t layer = 0; layer < model_.layers_.size() && result_; ++layer) {
      attention(layer);
      feed_forward(model_.layers_[layer]);
    }
    if (!result_)
      return result_.error();
    norm(model_.norm_);
    for (Sequence& text : texts_) text.length_ += count_;
    return std::move(normed_);
  }

  Result<Matrix> run_layer(std::size_t layer, InputWatcher const& watcher) {
    watcher_ = &watcher;
    attention(layer);
    if (result_)
      feed_forward(model_.layers_[layer]);
    if (!result_)
      return result_.error();
    return std::move(hidden_);
  }

 private:
  void attention(std::size_t index) {
    DecoderLayer const& layer = model_.layers_[index];
    norm(layer.input_norm);
    watch(Watched::qkv, normed_);
    multiply(*layer.q, normed_, q_);
    multiply(*layer.k, normed_, k_);
    multiply(*layer.v, normed_, v_);
    for_each_row([&](index_t row) { rotate_and_cache(row, index); });
    watch(Watched::keys, k_);
    watch(Watched::values, v_);
    attend(index);
    watch(Watched::o, attended_);
    multiply(*layer.o, attended_, normed_);
    add_to_hidden();
  }

  void feed_forward(DecoderLayer const& layer) {
    norm(layer.attention_norm);
    watch(Watched::gate_up, normed_);
    multiply(*layer.gate, normed_, gate_);
    multiply(*layer.up, normed_, up_);
    for_each_row([&](index_t row) {
      silu_product(gate_.row(row), up_.row(row), config_.intermediate_size);
    });
    watch(Watched::down, gate_);
    multiply(*layer.down, gate_, normed_);
    add_to_hidden();
  }

  /// Rotates a token's queries and keys to its position, and caches its keys and values.
  void rotate_and_cache(index_t row, std::size_t layer) {
    index_t const half = config_.head_dim / 2;
    float const* const turn = rotation_.row(row);
    for (float* x = q_.row(row); x < q_.row(row) + q_.shape().cols; x += config_.head_dim) {
      rotate(x, turn, turn + half, half);
    }
    for (float* x = k_.row(row); x < k_.row(row) + k_.shape().cols; x += config_.head_dim) {
      rotate(x, turn, turn + half, half);
    }
    Sequence::Cache& cache = text_of(row).caches_[layer];
    std::copy_n(k_.row(row), k_.shape().cols, cache.keys.row(position(row)));
    auto const values = cache.values.view();
    for (index_t i = 0; i < v_.shape().cols; ++i) values(i, position(row)) = v_.row(row)[i];
  }

  /// Attention of every head of every text. Queries go in blocks; a block's products stop at the
  /// last token that it may see.
  void attend(std::size_t layer) {
    constexpr index_t block = 64;
    index_t const heads = config_.num_attention_heads;
    index_t const texts = static_cast<index_t>(texts_.size());
    std::atomic<Status> status{Status::ok};
    threads_.for_each_range(texts * heads, 1, [&](IndexRange range) {
      index_t const text = range.begin / heads;
      index_t const head = range.begin % heads;
      for (index_t first = 0; first < count_; first += block) {
        index_t const queries = std::min(block, count_ - first);
        Status const done = attend(layer, head, text * count_ + first, queries);
        if (done != Status::ok)
          status.store(done);
      }
    });
    if (status.load() != Status::ok)
      fail({status.load(), "attention of layer " + std::to_string(layer)});
  }

  Status attend(std::size_t layer, index_t head, index_t first_row, index_t queries) {
    index_t const size = config_.head_dim;
    index_t const key_head = head * config_.num_key_value_heads / config_.num_attention_heads;
    index_t const seen = position(first_row) + queries;
    Sequence& text = text_of(first_row);
    Sequence::Cache const& cache = text.caches_[layer];
    MatrixView<float const> const q{
        q_.row(first_row) + head * size, {queries, size}, q_.shape().cols};
    MatrixView<float const> const k{
        cache.keys.row(0) + key_head * size, {seen, size}, k_.shape().cols};
    MatrixView<float const> const v{
        cache.values.row(key_head * size), {size, seen}, text.capacity()};
    MatrixView<float> const to{
        attended_.row(first_row) + head * size, {queries, size}, q_.shape().cols};

    Matrix weights{{queries, seen}};
    if (Status const status = gemm(q, k, weights.view()); status != Status::ok)
      return status;
    for (index_t i = 0; i < queries; ++i) {
      index_t const visible = position(first_row + i) + 1;
      softmax(weights.row(i), visible, 1.0f / std::sqrt(static_cast<float>(size)));
      std::fill(weights.row(i) + visible, weights.row(i) + seen, 0.0f);
    }
    return gemm(std::as_const(weights).view(), v, to);
  }

  void find_rotation(index_t row) {
    index_t const half = config_.head_dim / 2;
    for (index_t i = 0; i < half; ++i) {
      double const exponent = static_cast<double>(i) / static_cast<double>(half);
      double const angle =
          static_cast<double>(position(row)) * std::pow(config_.rope_theta, -exponent);
      rotation_.row(row)[i] = static_cast<float>(std::cos(angle));
      rotation_.row(row)[half + i] = static_cast<float>(std::sin(angle));
    }
  }

  void norm(std::span<float const> weight) {
    for_each_row([&](index_t row) {
      rms_norm(hidden_.row(row), weight, config_.rms_norm_eps, normed_.row(row));
    });
  }

  void add_to_hidden() {
    for_each_row([&](index_t row) {
      float* const to = hidden_.row(row);
      for (index_t i = 0; i < config_.hidden_size; ++i) to[i] += normed_.row(row)[i];
    });
  }

  void multiply(Linear const& linear, Matrix const& x, Matrix& y) {
    if (auto done = linear.multiply(x.view(), y.view(), threads_); !done)
      fail(done.error());
  }

  void watch(Watched input, Matrix const& x) {
    if (!result_ || watcher_ == nullptr || !*watcher_)
      return;
    if (auto done = (*watcher_)(input, x.view()); !done)
      fail(done.error());
  }

  void fail(Error const& error) {
    if (result_)
      result_ = error;
  }

  template <class Body>
  void for_each_row(Body const& body) {
    threads_.for_each_range(rows_, 16, [&](IndexRange rows) {
      for (index_t row = rows.begin; row < rows.end; ++row) body(row);
    });
  }

  [[nodiscard]] Sequence& text_of(index_t row) const {
    return texts_[static_cast<std::size_t>(row / count_)];
  }

  /// The position of a row's token in its text.
  [[nodiscard]] index_t position(index_t row) const { return text_of(row).length() + row % count_; }

  Model const& model_;
  Config const& config_;
  std::span<Sequence> texts_;
  ThreadPool& threads_;
  index_t rows_;
  index_t count_;    // tokens of each text
  Matrix hidden_;    // (rows, hidden)
  Matrix normed_;    // (rows, hidden): what a norm gave, then what is added to hidden_
  Matrix rotation_;  // (rows, head_dim): cosines, then sines
  Matrix q_;         // (rows, query_size)
  Matrix k_;         // (rows, key_value_size)
  Matrix v_;         // (rows, key_value_size)
  Matrix attended_;  // (rows, query_size)
  Matrix gate_;      // (rows, intermediate)
  Matrix up_;        // (rows, intermediate)
  Result<void> result_;
  InputWatcher const* watcher_ = nullptr;
};

// ------------------------------------------------------------------ the model

Result<Model> Model::load(std::filesystem::path const& directory) {
  auto const checkpoint = io::Checkpoint::open(directory);
  if (!checkpoint)
    return checkpoint.error();
  auto const in_model = [&directory](Error const& error) {
    return Error{error.status, directory.string() + ": " + error.message};
  };
  auto const parsed = parse_config(checkpoint->config());
  if (!parsed)
    return in_model(parsed.error());
  auto const schemes = LayerSchemes::read(checkpoint->config());
  if (!schemes)
    return in_model(schemes.error());

  Result<void> result;
  auto const weight = [&](std::string const& module, char const* class_name,
                          Shape shape) -> SharedLinear {
    auto loaded = schemes->load(*checkpoint, module, class_name, shape);
    if (loaded)
      return *std::move(loaded);
    if (result)
      result = in_model(loaded.error());
    return nullptr;
  };
  auto const linear = [&](std::string const& module, Shape shape) {
    return weight(module, "Linear", shape);
  };
  auto const norm = [&](std::string const& module) -> std::vector<float> {
    auto loaded = load_vector(*checkpoint, module + ".weight", parsed->hidden_size);
    if (loaded)
      return *std::move(loaded);
    if (result)
      result = in_model(loaded.error());
    return {};
  };

  Config const& c = *parsed;
  Model model;
  model.config_ = c;
  model.embedding_ = weight("model.embed_tokens", "Embedding", {c.vocab_size, c.hidden_size});
  for (index_t i = 0; i < c.num_hidden_layers && result; ++i) {
    std::string const layer = "model.layers." + std::to_string(i) + ".";
    model.layers_.push_back({
        norm(layer + "input_layernorm"),
        linear(layer + "self_attn.q_proj", {c.query_size(), c.hidden_size}),
        linear(layer + "self_attn.k_proj", {c.key_value_size(), c.hidden_size}),
        linear(layer + "self_attn.v_proj", {c.key_value_size(), c.hidden_size}),
        linear(layer + "self_attn.o_proj", {c.hidden_size, c.query_size()}),
        norm(layer + "post_attention_layernorm"),
        linear(layer + "mlp.gate_proj", {c.intermediate_size, c.hidden_size}),
        linear(layer + "mlp.up_proj", {c.intermediate_size, c.hidden_size}),
        linear(layer + "mlp.down_proj", {c.hidden_size, c.intermediate_size}),
    });
  }
  model.norm_ = norm("model.norm");
  model.head_ =
      c.tie_word_embeddings ? model.embedding_ : linear("lm_head", {c.vocab_size, c.hidden_size});
  if (!result)
    return result.error();
  return model;
}

Result<Matrix> Model::read(std::span<Sequence> texts, std::span<Token const> tokens,
                           ThreadPool& threads) const {
  if (texts.empty() || tokens.empty() || tokens.size() % texts.size() != 0) {
    return Error{Status::invalid_argument, "got " + std::to_string(tokens.size()) + " tokens for " +
                                               std::to_string(texts.size()) + " texts"};
  }
  index_t const count = static_cast<index_t>(tokens.size() / texts.size());
  for (Sequence const& text : texts) {
    if (text.length() + count <= text.capacity())
      continue;
    return Error{Status::invalid_argument, "got " + std::to_string(text.length() + count) +
                                               " tokens, expected at most " +
                                               std::to_string(text.capacity())};
  }
  auto embedded = embed(tokens, threads);
  if (!embedded)
    return embedded.error();
  return Pass{*this, texts, *std::move(embedded), threads}.run();
}

Result<Matrix> Model::embed(std::span<Token const> tokens, ThreadPool& threads) const {
  for (Token const token : tokens) {
    if (token >= 0 && token < config_.vocab_size)
      continue;
    return Error{Status::invalid_argument, "got token " + std::to_string(token) +
                                               " of a vocabulary of " +
                                               std::to_string(config_.vocab_size)};
  }
  auto const count = static_cast<index_t>(tokens.size());
  Matrix hidden{{count, config_.hidden_size}};
  threads.for_each_range(count, 16, [&](IndexRange rows) {
    for (index_t row = rows.begin; row < rows.end; ++row)
      embedding_->read_row(tokens[static_cast<std::size_t>(row)], hidden.row(row));
  });
  return hidden;
}

Result<Matrix> Model::decode(std::size_t layer, Matrix hidden, index_t texts,
                             InputWatcher const& watcher, ThreadPool& threads) const {
  Shape const shape = hidden.shape();
  if (layer >= layers_.size() || texts <= 0 || shape.rows % texts != 0 ||
      shape.cols != config_.hidden_size)
    return Error{Status::invalid_argument, "layer " + std::to_string(layer) + ": got " +
                                               std::to_string(shape.rows) + " x " +
                                               std::to_string(shape.cols) + " hidden states of " +
                                               std::to_string(texts) + " texts"};
  std::vector<Sequence> sequences(static_cast<std::size_t>(texts),
                                  Sequence{config_, shape.rows / texts});
  return Pass{*this, sequences, std::move(hidden), threads}.run_layer(layer, watcher);
}

Result<Matrix> Model::logits(MatrixView<float const> hidden, ThreadPool& threads) const {
  Matrix logits{{hidden.shape.rows, config_.vocab_size}};
  if (auto done = head_->multiply(hidden, logits.view(), threads); !done)
    return done.error();
  return logits;
}

}  // namespace llama
