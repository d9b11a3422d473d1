// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/io/json.hpp>

// JSON as Python's json module writes it by default: with the words NaN, Infinity and -Infinity in
// the place of numbers, as the config.json of some models has them ("time_step_limit": [0.0,
// Infinity]). JSON itself has no such numbers, and neither has nlohmann::json: here they are
// strings that begin with a zero byte, and become words again when they are written.

namespace qfmt::io {

namespace detail {

inline constexpr std::string_view python_words[] = {"-Infinity", "Infinity", "NaN"};

/// The word that a text has at a position, as a whole; empty if none.
inline std::string_view python_word_at(std::string_view text, std::size_t at) {
  auto const is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  if (at > 0 && is_part(text[at - 1]))
    return {};
  for (std::string_view const word : python_words) {
    std::size_t const end = at + word.size();
    if (text.substr(at, word.size()) == word && (end == text.size() || !is_part(text[end])))
      return word;
  }
  return {};
}

/// The text with every word outside of strings as such a string.
inline std::string with_strings_for_words(std::string_view text) {
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_string && text[i] == '\\' && i + 1 < text.size()) {
      out += text[i];
      ++i;
    } else if (text[i] == '"') {
      in_string = !in_string;
    } else if (!in_string) {
      if (std::string_view const word = python_word_at(text, i); !word.empty()) {
        out += "\"\\u0000" + std::string{word} + '"';
        i += word.size() - 1;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

}  // namespace detail

/// parse_json, and the three words. A document that has strings beginning with a zero byte is taken
/// without them. Errors: those of parse_json.
[[nodiscard]] inline Result<nlohmann::json> parse_python_json(std::string_view text,
                                                              std::string const& where) {
  auto strict = parse_json(text, where);
  if (strict || strict.status() != Status::json_syntax ||
      text.find("\"\\u0000") != std::string_view::npos)
    return strict;
  auto const lenient = parse_json(detail::with_strings_for_words(text), where);
  return lenient ? lenient : strict;
}

/// The document as Python's json.dumps(indent=2, sort_keys=True) writes it, but for how it spells
/// numbers with a fraction. A string that is a zero byte and one of the words becomes the word.
[[nodiscard]] inline std::string dump_python_json(nlohmann::json const& json) {
  std::string text = json.dump(2, ' ', true);
  for (std::string_view const word : detail::python_words) {
    std::string const quoted = "\"\\u0000" + std::string{word} + '"';
    for (std::size_t at = text.find(quoted); at != std::string::npos; at = text.find(quoted, at))
      text.replace(at, quoted.size(), word);
  }
  return text;
}

}  // namespace qfmt::io
