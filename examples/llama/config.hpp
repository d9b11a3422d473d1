// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <qfmt/core/shape.hpp>
#include <qfmt/tensor/result.hpp>

namespace llama {

using qfmt::index_t;

/// The number of an entry of the vocabulary.
using Token = qfmt::int32_t;

/// What the engine needs to know of a Llama: the fields of Hugging Face's config.json, by their
/// names.
struct Config {
  index_t vocab_size = 0;
  index_t hidden_size = 0;
  index_t intermediate_size = 0;
  index_t num_hidden_layers = 0;
  index_t num_attention_heads = 0;
  index_t num_key_value_heads = 0;
  index_t head_dim = 0;
  index_t max_position_embeddings = 0;
  float rms_norm_eps = 0.0f;
  double rope_theta = 0.0;
  bool tie_word_embeddings = false;
  Token bos_token_id = 0;
  Token eos_token_id = 0;

  /// Features of a token's queries, and of its keys or values.
  [[nodiscard]] index_t query_size() const noexcept { return num_attention_heads * head_dim; }
  [[nodiscard]] index_t key_value_size() const noexcept { return num_key_value_heads * head_dim; }
};

/// Reads a configuration. Fields that may be absent get the values that Transformers gives them.
///
/// Errors: config_invalid for a field that is missing, of the wrong type or out of range;
/// unsupported for a Llama that does something else (scaled rotary embeddings, biases, another
/// activation). Both name the field.
qfmt::Result<Config> parse_config(nlohmann::json const& json);

}  // namespace llama
