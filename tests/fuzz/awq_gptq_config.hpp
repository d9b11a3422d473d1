// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fuzz/demand.hpp>

#include <qfmt/io/awq_gptq_config.hpp>
#include <qfmt/io/json.hpp>

// The config.json of a checkpoint of AutoAWQ or of GPTQ's tools. Beyond not crashing,
//
//   - what is refused names the place;
//   - the numbers of what is accepted are those that were written;
//   - the same in the words of its tool reads the same.

namespace fuzz {

/// The same description in the words of its tool.
inline nlohmann::json config_json(qfmt::io::AwqGptqConfig const& config) {
  nlohmann::json json = {{"bits", config.bits}, {"group_size", config.group_size}};
  if (config.is_awq) {
    json["quant_method"] = "awq";
    json["zero_point"] = !config.symmetric;
  } else {
    json["quant_method"] = "gptq";
    json["sym"] = config.symmetric;
    json["desc_act"] = config.reordered;
    json["checkpoint_format"] = config.zeros_less_one ? "gptq" : "gptq_v2";
  }
  return {{"quantization_config", std::move(json)}};
}

inline void awq_gptq_config(Input input) {
  auto const document = qfmt::io::parse_json(text_of(input), "f");
  if (!document || !qfmt::io::is_awq_or_gptq(*document))
    return;
  auto const config = qfmt::io::parse_awq_gptq_config(*document);
  if (!config) {
    demand_message(config.error());
    return demand(config.error().message.starts_with("config.json: quantization_config"),
                  "an error names the place");
  }
  auto const means = [&](char const* key, char const* other, qfmt::index_t value) {
    nlohmann::json const& json = (*document)["quantization_config"];
    for (char const* const name : {key, other}) {
      if (json.contains(name) && !json[name].is_null())
        return demand(json[name].get<double>() == static_cast<double>(value),
                      "a number is the one that was written");
    }
  };
  means("bits", "w_bit", config->bits);
  means("group_size", "q_group_size", config->group_size);
  auto const again = qfmt::io::parse_awq_gptq_config(config_json(*config));
  demand(again.ok() && *again == *config, "what says the same reads the same");
}

}  // namespace fuzz
