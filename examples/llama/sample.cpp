// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "sample.hpp"

#include <algorithm>
#include <cmath>

#include <qfmt/core/random.hpp>

namespace llama {

using namespace qfmt;

namespace {

/// The token whose share of [0, 1) holds `at`.
Token draw(std::span<float const> ratings, double temperature, double at) {
  double const largest = static_cast<double>(*std::max_element(ratings.begin(), ratings.end()));
  std::vector<double> weights;
  double sum = 0.0;
  for (float const x : ratings) {
    weights.push_back(std::exp((static_cast<double>(x) - largest) / temperature));
    sum += weights.back();
  }
  double left = at * sum;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    left -= weights[i];
    if (left < 0.0)
      return static_cast<Token>(i);
  }
  return static_cast<Token>(weights.size() - 1);
}

}  // namespace

Result<std::vector<std::string>> sample(Model const& model, Tokenizer const& tokenizer,
                                        SampleOptions const& options, ThreadPool& threads) {
  Config const& config = model.config();
  if (options.texts < 1 || options.tokens < 1 || !(options.temperature > 0.0) ||
      options.tokens >= config.max_position_embeddings)
    return Error{Status::invalid_argument,
                 "got " + std::to_string(options.texts) + " texts of " +
                     std::to_string(options.tokens) + " tokens at temperature " +
                     std::to_string(options.temperature) +
                     ", expected positive numbers, and at most " +
                     std::to_string(config.max_position_embeddings - 1) + " tokens"};
  auto const count = static_cast<std::size_t>(options.texts);
  std::vector<Sequence> sequences(count, Sequence{config, options.tokens});
  std::vector<Token> next(count, config.bos_token_id);
  std::vector<std::string> texts(count);
  std::vector<bool> is_done(count, false);
  Philox const random{options.seed};
  for (index_t position = 0; position < options.tokens; ++position) {
    auto const hidden = model.read(sequences, next, threads);
    if (!hidden)
      return hidden.error();
    auto const logits = model.logits(hidden->view(), threads);
    if (!logits)
      return logits.error();
    for (std::size_t t = 0; t < count; ++t) {
      // A text that has ended goes on unseen: all have the same length.
      double const at = static_cast<double>(random(static_cast<uint64_t>(position), t)) * 0x1p-32;
      next[t] =
          draw({logits->row(static_cast<index_t>(t)), static_cast<std::size_t>(config.vocab_size)},
               options.temperature, at);
      is_done[t] = is_done[t] || next[t] == config.bos_token_id || next[t] == config.eos_token_id;
      if (!is_done[t])
        texts[t] += tokenizer.piece(next[t]);
    }
  }
  return texts;
}

}  // namespace llama
