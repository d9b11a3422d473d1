// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "tokenizer.hpp"

#include <fstream>
#include <limits>

namespace llama {

using namespace qfmt;

Result<Tokenizer> Tokenizer::load(std::filesystem::path const& directory, Config const& config) {
  auto const file = directory / ("tok" + std::to_string(config.vocab_size) + ".bin");
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored))
    return of_pieces(file, config.vocab_size);
  if (config.vocab_size == 256)
    return of_bytes();
  return Error{Status::unsupported,
               directory.string() +
                   ": expected a vocabulary of bytes (vocab_size 256) or the file " +
                   file.filename().string()};
}

Tokenizer Tokenizer::of_bytes() {
  Tokenizer tokenizer;
  for (int byte = 0; byte < 256; ++byte) {
    tokenizer.pieces_.push_back({std::string(1, static_cast<char>(byte)), 0.0f});
  }
  return tokenizer;
}

// The file: int32 length of the longest piece; then for each piece float32 score, int32 length,
// bytes. <unk>, <s> and </s> come first, then "<0x00>" to "<0xFF>", which stand for the bytes.
Result<Tokenizer> Tokenizer::of_pieces(std::filesystem::path const& file, index_t count) {
  std::ifstream stream{file, std::ios::binary};
  if (!stream)
    return Error{Status::io_open, file.string()};
  auto const get = [&stream](auto& value) {
    stream.read(reinterpret_cast<char*>(&value), sizeof value);
  };
  int32_t longest = 0;
  get(longest);

  Tokenizer tokenizer;
  tokenizer.first_byte_ = 3;
  tokenizer.adds_space_ = true;
  for (Token token = 0; token < count; ++token) {
    float score = 0.0f;
    int32_t length = 0;
    get(score);
    get(length);
    if (!stream || length < 0 || length > longest || longest > 4096) {
      return Error{Status::io_short_read, file.string() + ": token " + std::to_string(token) +
                                              " of " + std::to_string(count)};
    }
    std::string text(static_cast<std::size_t>(length), '\0');
    stream.read(text.data(), length);
    index_t const byte = token - tokenizer.first_byte_;
    if (byte >= 0 && byte < 256) {
      text.assign(1, static_cast<char>(byte));
    } else {
      tokenizer.tokens_.emplace(text, token);
    }
    tokenizer.pieces_.push_back({std::move(text), score});
  }
  if (!stream)
    return Error{Status::io_short_read, file.string()};
  return tokenizer;
}

std::vector<Token> Tokenizer::encode(std::string_view text) const {
  std::vector<Token> tokens;
  std::string padded{text};
  if (adds_space_ && !text.empty())
    padded.insert(padded.begin(), ' ');
  for (std::size_t begin = 0; begin < padded.size();) {
    std::size_t end = begin + 1;  // of a character in UTF-8
    while (end < padded.size() && (padded[end] & 0xC0) == 0x80) ++end;
    auto const known = tokens_.find(padded.substr(begin, end - begin));
    if (known != tokens_.end()) {
      tokens.push_back(known->second);
    } else {
      for (std::size_t i = begin; i < end; ++i)
        tokens.push_back(first_byte_ + static_cast<unsigned char>(padded[i]));
    }
    begin = end;
  }

  for (;;) {
    float best = -std::numeric_limits<float>::infinity();
    std::size_t at = tokens.size();
    Token merged = 0;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      auto const found = tokens_.find(piece(tokens[i]) + piece(tokens[i + 1]));
      if (found == tokens_.end())
        continue;
      float const score = pieces_[static_cast<std::size_t>(found->second)].score;
      if (score > best) {
        best = score;
        at = i;
        merged = found->second;
      }
    }
    if (at == tokens.size())
      return tokens;
    tokens[at] = merged;
    tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

}  // namespace llama
