// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fuzz/demand.hpp>

#include <qfmt/io/yaml.hpp>

// A YAML document. Beyond not crashing,
//
//   - what is accepted, written as JSON, is JSON within the bounds of parse_json;
//   - and as YAML it is the same value again, where it is short: YAML's keys end within 1024 characters.

namespace fuzz {

inline void yaml(Input input) {
  auto const value = qfmt::io::parse_yaml(text_of(input), "f");
  if (!value)
    return demand_message(value.error());
  std::string const text = value->dump();
  demand(qfmt::io::parse_json(text, "f").ok(), "what is accepted is JSON");
  if (text.size() > 1000)
    return;
  auto const again = qfmt::io::parse_yaml(text, "f");
  demand(again.ok() && *again == *value, "JSON is YAML");
}

}  // namespace fuzz
