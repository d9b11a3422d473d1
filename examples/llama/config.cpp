// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "config.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace llama {
namespace {

using namespace qfmt;
using Json = nlohmann::json;

/// Reads fields one after the other and keeps the first error.
class Reader {
 public:
  explicit Reader(Json const& json) : json_{json} {}

  /// A number from `least` to `most`; `missing` where there is none.
  template <class T>
  T number(char const* key, double least, double most, std::optional<T> missing = {}) {
    auto const value = json_.find(key);
    if (value == json_.end() || value->is_null()) {
      if (!missing)
        fail(Status::config_invalid, key, "is missing");
      return missing.value_or(T{});
    }
    if (std::is_integral_v<T> ? !value->is_number_integer() : !value->is_number()) {
      fail(Status::config_invalid, key, "expected a number, got " + shown(*value));
      return T{};
    }
    if (double const x = value->get<double>(); !(x >= least && x <= most)) {
      fail(Status::config_invalid, key, "is out of range: " + shown(*value));
      return T{};
    }
    return value->get<T>();
  }

  bool flag(char const* key) {
    auto const value = json_.find(key);
    if (value == json_.end() || value->is_null())
      return false;
    if (value->is_boolean())
      return value->get<bool>();
    fail(Status::config_invalid, key, "expected true or false, got " + shown(*value));
    return false;
  }

  /// Refuses any value but `only` and none.
  void expect(char const* key, Json const& only) {
    auto const value = json_.find(key);
    if (value == json_.end() || value->is_null() || *value == only)
      return;
    fail(Status::unsupported, key, "got " + shown(*value) + ", expected " + only.dump());
  }

  void fail(Status status, std::string const& key, std::string const& what) {
    if (result_)
      result_ = Error{status, "config.json: " + key + " " + what};
  }

  [[nodiscard]] Result<void> const& result() const { return result_; }

 private:
  static std::string shown(Json const& value) {
    return quoted(value.dump(-1, ' ', true, Json::error_handler_t::replace));
  }

  Json const& json_;
  Result<void> result_;
};

}  // namespace

Result<Config> parse_config(Json const& json) {
  if (!json.is_object())
    return Error{Status::config_invalid, "config.json: expected an object"};
  constexpr double most = 1 << 24;
  Reader fields{json};
  Config c;
  c.vocab_size = fields.number<index_t>("vocab_size", 1, most);
  c.hidden_size = fields.number<index_t>("hidden_size", 1, most);
  c.intermediate_size = fields.number<index_t>("intermediate_size", 1, most);
  c.num_hidden_layers = fields.number<index_t>("num_hidden_layers", 1, most);
  c.num_attention_heads = fields.number<index_t>("num_attention_heads", 1, most);
  if (!fields.result())
    return fields.result().error();

  c.num_key_value_heads =
      fields.number<index_t>("num_key_value_heads", 1, most, c.num_attention_heads);
  c.head_dim = fields.number<index_t>("head_dim", 1, most, c.hidden_size / c.num_attention_heads);
  c.max_position_embeddings = fields.number<index_t>("max_position_embeddings", 1, most, 2048);
  c.rms_norm_eps = fields.number<float>("rms_norm_eps", 0.0, 1.0, 1e-6f);
  c.tie_word_embeddings = fields.flag("tie_word_embeddings");
  double const last_token = static_cast<double>(c.vocab_size - 1);
  c.bos_token_id = fields.number<Token>("bos_token_id", 0, last_token, 1);
  c.eos_token_id = fields.number<Token>("eos_token_id", 0, last_token, 2);
  fields.expect("hidden_act", "silu");
  fields.expect("attention_bias", false);
  fields.expect("mlp_bias", false);
  fields.expect("rope_scaling", nullptr);

  // Transformers 5 moved rope_theta into an object of its own.
  auto const rope = json.find("rope_parameters");
  bool const has_rope = rope != json.end() && rope->is_object();
  Reader rope_fields{has_rope ? *rope : json};
  c.rope_theta = rope_fields.number<double>("rope_theta", 1.0, 1e12, 10000.0);
  if (has_rope)
    rope_fields.expect("rope_type", "default");

  if (c.head_dim % 2 != 0) {
    fields.fail(Status::config_invalid, "head_dim", "is odd: " + std::to_string(c.head_dim));
  }
  if (c.num_key_value_heads != 0 && c.num_attention_heads % c.num_key_value_heads != 0) {
    fields.fail(
        Status::config_invalid, "num_attention_heads",
        "is not a multiple of num_key_value_heads: " + std::to_string(c.num_attention_heads) +
            " and " + std::to_string(c.num_key_value_heads));
  }
  for (Reader const* reader : {&fields, &rope_fields}) {
    if (!reader->result())
      return reader->result().error();
  }
  return c;
}

}  // namespace llama
