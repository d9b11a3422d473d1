// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "generate.hpp"

#include <algorithm>

namespace llama {

using namespace qfmt;

Result<void> generate(Model const& model, Tokenizer const& tokenizer, std::string_view prompt,
                      index_t count, ThreadPool& threads,
                      std::function<void(std::string_view)> const& emit) {
  Config const& config = model.config();
  std::vector<Token> tokens = tokenizer.encode(prompt);
  tokens.insert(tokens.begin(), config.bos_token_id);
  if (static_cast<index_t>(tokens.size()) > config.max_position_embeddings) {
    return Error{Status::invalid_argument, "got a prompt of " + std::to_string(tokens.size()) +
                                               " tokens, expected at most " +
                                               std::to_string(config.max_position_embeddings)};
  }
  index_t const capacity =
      std::min(config.max_position_embeddings, static_cast<index_t>(tokens.size()) + count);
  Sequence text{config, capacity};
  emit(prompt);

  bool skips_space = prompt.empty() && tokenizer.adds_space();
  while (count-- > 0 && text.length() + static_cast<index_t>(tokens.size()) <= capacity) {
    auto const hidden = model.read({&text, 1}, tokens, threads);
    if (!hidden)
      return hidden.error();
    Shape const last{1, config.hidden_size};
    auto const logits = model.logits({hidden->row(hidden->shape().rows - 1), last}, threads);
    if (!logits)
      return logits.error();
    float const* const ratings = logits->row(0);
    Token const next =
        static_cast<Token>(std::max_element(ratings, ratings + config.vocab_size) - ratings);
    if (next == config.bos_token_id || next == config.eos_token_id)
      break;
    std::string_view piece = tokenizer.piece(next);
    if (skips_space && !piece.empty() && piece.front() == ' ')
      piece.remove_prefix(1);
    skips_space = false;
    emit(piece);
    tokens = {next};
  }
  return {};
}

}  // namespace llama
