// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config.hpp"

namespace llama {

/// Text to tokens and back. There are two kinds: one token for each byte, where the vocabulary has
/// 256 entries; and scored pieces of text, from a file tok<vocab_size>.bin in the format of
/// llama2.c.
class Tokenizer {
 public:
  /// Finds the tokenizer of a model. Errors: io_open and io_short_read for the file; unsupported
  /// for a model that has neither kind.
  static qfmt::Result<Tokenizer> load(std::filesystem::path const& directory, Config const& config);

  /// The tokens of a text. Starts with characters and merges the neighbours whose union has the
  /// best score, until there are none.
  [[nodiscard]] std::vector<Token> encode(std::string_view text) const;

  /// The bytes of a token: pieces of a text put together make the text, but for the space that
  /// encode() puts in front.
  [[nodiscard]] std::string const& piece(Token token) const {
    return pieces_[static_cast<std::size_t>(token)].text;
  }

  /// Whether encode() puts a space in front of a text.
  [[nodiscard]] bool adds_space() const noexcept { return adds_space_; }

 private:
  struct Piece {
    std::string text;
    float score = 0.0f;
  };

  static Tokenizer of_bytes();
  static qfmt::Result<Tokenizer> of_pieces(std::filesystem::path const& file, index_t count);

  std::vector<Piece> pieces_;
  std::unordered_map<std::string, Token> tokens_;
  Token first_byte_ = 0;  // the tokens of single bytes, in their order, for what has no piece
  bool adds_space_ = false;
};

}  // namespace llama
