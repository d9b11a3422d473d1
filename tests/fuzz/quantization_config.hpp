// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fuzz/demand.hpp>

#include <qfmt/io/compressed_tensors.hpp>
#include <qfmt/io/json.hpp>

// A model's config.json. Beyond not crashing,
//
//   - what is refused names the place;
//   - what is accepted and written as this library writes it reads the same;
//   - a group that is a preset is one that a layer can be loaded with.

namespace fuzz {

inline void quantization_config(Input input) {
  auto const document = qfmt::io::parse_json(text_of(input), "f");
  if (!document)
    return;
  auto const config = qfmt::io::parse_quantization_config(*document);
  if (!config) {
    demand_message(config.error());
    return demand(config.error().message.starts_with("config.json: quantization_config"),
                  "an error names the place");
  }
  nlohmann::json const written = {{"quantization_config", to_json(*config)}};
  auto const again = qfmt::io::parse_quantization_config(written);
  demand(again.ok() && *again == *config, "writing and reading changes nothing");
  for (qfmt::io::ConfigGroup const& group : config->groups) {
    auto const match = qfmt::io::match_preset(*config, group);
    if (!match) {
      demand_message(match.error());
      continue;
    }
    bool fits = false;
    qfmt::visit_preset<qfmt::preset::Storable>(
        match->preset.c_str(), [&]<class P>() { fits = qfmt::io::fits<P>(match->format); });
    demand(fits, "a preset in a format that it can be stored in");
  }
}

}  // namespace fuzz
