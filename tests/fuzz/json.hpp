// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fuzz/demand.hpp>

#include <qfmt/io/json.hpp>

// A JSON document. Beyond not crashing,
//
//   - what is accepted, the JSON library accepts, with the same value;
//   - what the JSON library accepts and is refused has a key twice or is too deep, or is one of the
//     two texts that are not JSON to the standard: with a zero byte or a byte-order mark;
//   - what is accepted, written and read again is the same value;
//   - a string written as JSON is the same string.

namespace fuzz {

inline void json(Input input) {
  auto const text = text_of(input);
  auto const ours = qfmt::io::parse_json(text, "f");
  auto const theirs = nlohmann::json::parse(text, nullptr, false);
  if (!ours)
    demand_message(ours.error());
  bool const is_json = !theirs.is_discarded() && text.find('\0') == std::string_view::npos &&
                       !text.starts_with("\xEF\xBB\xBF");
  bool const has_more_rules =
      ours.status() == qfmt::Status::duplicate_key || ours.status() == qfmt::Status::json_too_deep;
  demand(ours.ok() ? is_json : !is_json || has_more_rules, "accepts what is JSON");
  if (ours) {
    demand(*ours == theirs, "the value is the one that is written");
    auto const again = qfmt::io::parse_json(ours->dump(), "f");
    demand(again.ok() && *again == *ours, "writing and reading changes nothing");
  }
  if (qfmt::io::is_utf8(text)) {
    auto const string = qfmt::io::parse_json(qfmt::io::json_string(text), "f");
    demand(string.ok() && *string == text, "a string stays the same");
  }
}

}  // namespace fuzz
