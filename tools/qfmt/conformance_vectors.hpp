// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <qfmt/core/bit.hpp>

// The files of the conformance pack: what `qfmt conformance write` writes. Each is JSON Lines: one
// object in each line, a test or a few hundred of them. Numbers that are bit patterns are upper-case
// hexadecimal, all of one list equally wide, separated by single spaces.

namespace qfmt::tool {

/// One object, its keys in the order in which they are added.
class JsonLine {
 public:
  JsonLine& text(char const* key, std::string const& value) {
    return add(key, '"' + value + '"');  // names: nothing in them needs escaping
  }
  JsonLine& number(char const* key, int64_t value) { return add(key, std::to_string(value)); }
  JsonLine& numbers(char const* key, std::vector<int64_t> const& values) {
    std::string list = "[";
    for (int64_t const value : values) {
      if (list.size() > 1)
        list += ',';
      list += std::to_string(value);
    }
    return add(key, list + ']');
  }
  /// Bit patterns of `digits` hexadecimal digits each.
  template <class Bits>
  JsonLine& bits(char const* key, std::vector<Bits> const& values, int digits) {
    std::string list = "\"";
    for (Bits const value : values) {
      if (list.size() > 1)
        list += ' ';
      for (int i = digits - 1; i >= 0; --i)
        list += "0123456789ABCDEF"[static_cast<uint64_t>(value) >> (4 * i) & 15];
    }
    return add(key, list + '"');
  }
  JsonLine& bits(char const* key, uint64_t value, int digits) {
    return bits(key, std::vector<uint64_t>{value}, digits);
  }
  JsonLine& floats(char const* key, std::vector<float> const& values) {
    std::vector<uint32_t> patterns;
    for (float const x : values) patterns.push_back(bit_cast<uint32_t>(x));
    return bits(key, patterns, 8);
  }

  [[nodiscard]] std::string str() const { return body_ + "}\n"; }

 private:
  JsonLine& add(char const* key, std::string const& value) {
    body_ += (body_.size() > 1 ? ",\"" : "\"") + std::string{key} + "\":" + value;
    return *this;
  }
  std::string body_ = "{";
};

/// Hexadecimal digits of a code.
template <class F>
inline constexpr int code_digits = (F::bits + 3) / 4;

/// A file of the pack.
struct VectorFile {
  using Fields = std::vector<std::pair<char const*, char const*>>;

  char const* name;
  char const* about;
  Fields fields;  // what the keys of its lines mean
  std::string text;
  int64_t lines = 0;

  void add(JsonLine const& line) {
    text += line.str();
    ++lines;
  }
};

/// How the codes of each format are decoded and encoded, and random numbers.
std::vector<VectorFile> conversion_vectors();
/// Scales by each rule, and whole blocks under each profile.
std::vector<VectorFile> block_vectors();
/// Where codes and scales are in memory.
std::vector<VectorFile> layout_vectors();

}  // namespace qfmt::tool
