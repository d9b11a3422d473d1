// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <qfmt/core/status.hpp>

// JSON as text: what can be said about it before it is parsed, and strings written as JSON.

namespace qfmt::io {

namespace detail {

/// Bytes of the UTF-8 sequence that `text` starts with; 0 if it is not valid (overlong forms,
/// surrogates and values beyond U+10FFFF are not).
constexpr std::size_t utf8_length(std::string_view text) noexcept {
  auto const at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  auto const follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return at(i) >= low && at(i) <= high;
  };
  unsigned const first = at(0);
  if (first < 0x80)
    return text.empty() ? 0 : 1;
  if (first < 0xC2)
    return 0;
  if (first < 0xE0)
    return follows(1) ? 2 : 0;
  if (first < 0xF0)
    return follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && follows(2) ? 3
                                                                                              : 0;
  if (first < 0xF5)
    return follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF) && follows(2) &&
                   follows(3)
               ? 4
               : 0;
  return 0;
}

/// Where a text stops being what it should be.
struct TextDefect {
  Status status = Status::ok;
  std::size_t offset = 0;
};

/// Looks at a JSON text before it is parsed. On success `offset` is one past the first value if that is
/// an object or array that ends, and the size of the text otherwise.
///
/// Defects: header_bad_utf8, json_too_deep.
inline TextDefect scan_json(std::string_view text, std::size_t max_depth) noexcept {
  std::size_t depth = 0;
  bool in_string = false;
  bool is_escaped = false;
  if (text.substr(0, 3) == "\xEF\xBB\xBF")
    return {Status::header_bad_utf8, 0};
  for (std::size_t i = 0; i < text.size();) {
    char const c = text[i];
    if (static_cast<unsigned char>(c) >= 0x80) {
      std::size_t const length = utf8_length(text.substr(i, 4));
      if (length == 0)
        return {Status::header_bad_utf8, i};
      is_escaped = false;
      i += length;
      continue;
    }
    if (in_string) {
      if (is_escaped) {
        is_escaped = false;
      } else if (c == '\\') {
        is_escaped = true;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_depth)
        return {Status::json_too_deep, i};
    } else if (c == '}' || c == ']') {
      if (depth <= 1)
        return {Status::ok, i + 1};
      --depth;
    }
    ++i;
  }
  return {Status::ok, text.size()};
}

}  // namespace detail

/// Whether all of a text is valid UTF-8.
[[nodiscard]] inline bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    std::size_t const length = detail::utf8_length(text.substr(i, 4));
    if (length == 0)
      return false;
    i += length;
  }
  return true;
}

/// A text as a JSON string, quotes included. Only what must be escaped is; valid UTF-8 stays as it is.
[[nodiscard]] inline std::string json_string(std::string_view text) {
  constexpr char const* digits = "0123456789abcdef";
  std::string out = "\"";
  for (char const c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) {
          out += c;
        } else {
          out += "\\u00";
          out += digits[static_cast<unsigned char>(c) >> 4];
          out += digits[static_cast<unsigned char>(c) & 15];
        }
    }
  }
  return out += '"';
}

}  // namespace qfmt::io
