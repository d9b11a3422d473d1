// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/io/quantization_config.hpp>

// What checkpoints of AutoAWQ and of GPTQ's tools (AutoGPTQ, GPTQModel) say in `quantization_config`,
// and the same in the words of compressed-tensors.

namespace qfmt::io {

/// Integer weights in words of 32 bits, with a scale and a zero point for each group of inputs.
struct AwqGptqConfig {
  bool is_awq = false;  // else GPTQ: which bits of which word, see packing/word_order.hpp
  int bits = 4;
  index_t group_size = 128;  // -1: all inputs of an output
  bool symmetric = false;    // all zero points are 2^(bits - 1)
  /// Inputs were quantized in the order of their activations, so groups are not of neighbours.
  bool reordered = false;
  /// GPTQ's first format stores each zero point less one, modulo 2^bits.
  bool zeros_less_one = false;

  /// "gptq, 4 bits, groups of 128, asymmetric, zero points less one"
  [[nodiscard]] std::string text() const {
    return std::string{is_awq ? "awq, " : "gptq, "} + std::to_string(bits) + " bits, " +
           (group_size > 0 ? "groups of " + std::to_string(group_size) : "channels") +
           (symmetric ? ", symmetric" : ", asymmetric") + (reordered ? ", reordered" : "") +
           (zeros_less_one ? ", zero points less one" : "");
  }

  /// The weights as compressed-tensors describes them.
  [[nodiscard]] QuantizationArgs args() const {
    QuantizationArgs args;
    args.num_bits = bits;
    args.symmetric = symmetric;
    args.strategy = group_size > 0 ? "group" : "channel";
    if (group_size > 0)
      args.group_size = group_size;
    if (reordered)
      args.actorder = "group";
    return args;
  }

  friend bool operator==(AwqGptqConfig const&, AwqGptqConfig const&) = default;
};

namespace detail {

/// Reads the fields of such an object, by either of their names; the first that is wrong is kept.
class AwqGptqReader {
 public:
  explicit AwqGptqReader(nlohmann::json const& json) : json_{json} {}

  [[nodiscard]] bool has(char const* key) const { return !field(json_, key).is_null(); }

  index_t integer(char const* key, char const* other, index_t otherwise) {
    char const* const used = has(key) ? key : other;
    nlohmann::json const& value = field(json_, used);
    if (value.is_null())
      return otherwise;
    auto const number = integer_between(value, -1, 1 << 24);
    return number ? *number : (fail(used, "an integer"), otherwise);
  }
  bool truth(char const* key, bool otherwise) {
    nlohmann::json const& value = field(json_, key);
    if (value.is_null())
      return otherwise;
    if (!value.is_boolean())
      return fail(key, "true or false"), otherwise;
    return value.get<bool>();
  }
  std::string word(char const* key, std::string const& otherwise) {
    nlohmann::json const& value = field(json_, key);
    if (value.is_null())
      return otherwise;
    if (!value.is_string())
      return fail(key, "a string"), otherwise;
    return value.get<std::string>();
  }
  void fail(char const* key, char const* expected, Status status = Status::config_invalid) {
    if (error_.status == Status::ok)
      error_ = {status, config_error(std::string{"."} + key + ": got " +
                                     shown_value(field(json_, key)) + ", expected " + expected)
                            .message};
  }
  [[nodiscard]] Error const& error() const { return error_; }

 private:
  nlohmann::json const& json_;
  Error error_;
};

}  // namespace detail

/// Whether a model's config.json has a quantization_config of AutoAWQ or of GPTQ's tools.
[[nodiscard]] inline bool is_awq_or_gptq(nlohmann::json const& model_config) {
  if (!model_config.is_object() || !model_config.contains("quantization_config"))
    return false;
  nlohmann::json const& json = model_config["quantization_config"];
  std::string const method = json.is_object() ? detail::text_of(json, "quant_method") : "";
  return method == "awq" || method == "gptq";
}

/// Reads it. Precondition: is_awq_or_gptq().
///
/// Errors, naming the key: config_invalid for a value that makes no sense; unsupported for layouts
/// that are not read: AWQ's other versions than "gemm", Marlin's, and settings that differ from layer
/// to layer.
[[nodiscard]] inline Result<AwqGptqConfig> parse_awq_gptq_config(
    nlohmann::json const& model_config) {
  nlohmann::json const& json = model_config["quantization_config"];
  detail::AwqGptqReader read{json};
  AwqGptqConfig config;
  config.is_awq = detail::text_of(json, "quant_method") == "awq";
  index_t const bits = read.integer("bits", "w_bit", 4);
  config.group_size = read.integer("group_size", "q_group_size", 128);
  if (config.group_size == 0)
    read.fail(read.has("group_size") ? "group_size" : "q_group_size", "-1 or a positive integer");
  if (config.is_awq) {
    if (bits != 4)
      read.fail(read.has("bits") ? "bits" : "w_bit", "4");
    config.symmetric = !read.truth("zero_point", true);
    if (std::string const version = read.word("version", "gemm");
        version != "gemm" && version != "GEMM")
      read.fail("version", "\"gemm\": the other layouts are not read", Status::unsupported);
    if (std::string const backend = read.word("backend", "autoawq"); backend != "autoawq")
      read.fail("backend", "\"autoawq\": the other layouts are not read", Status::unsupported);
  } else {
    if (bits != 2 && bits != 3 && bits != 4 && bits != 8)
      read.fail("bits", "2, 3, 4 or 8");
    config.symmetric = read.truth("sym", false);
    config.reordered = read.truth("desc_act", false);
    std::string const format = read.word("checkpoint_format", "gptq");
    if (format != "gptq" && format != "gptq_v2")
      read.fail("checkpoint_format", "\"gptq\" or \"gptq_v2\": the other layouts are not read",
                Status::unsupported);
    config.zeros_less_one = format == "gptq";
    if (read.truth("is_marlin_format", false))
      read.fail("is_marlin_format", "false: Marlin's layout is not read", Status::unsupported);
    if (nlohmann::json const& dynamic = detail::field(json, "dynamic");
        !dynamic.is_null() && !dynamic.empty())
      read.fail("dynamic", "no settings of single layers: they are not read", Status::unsupported);
  }
  config.bits = static_cast<int>(bits);
  if (read.error().status != Status::ok)
    return read.error();
  return config;
}

}  // namespace qfmt::io
