// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "model.hpp"
#include "tokenizer.hpp"

namespace llama {

struct SampleOptions {
  index_t texts = 128;
  index_t tokens = 511;  ///< of each, at most
  double temperature = 0.9;
  qfmt::uint64_t seed = 1;
};

/// Texts that the model makes up, each drawn token by token from what it predicts: probabilities to
/// the power of 1 / temperature, made to sum to 1. A text ends early at a token that begins or ends
/// texts. The same options give the same texts, whatever the number of threads.
///
/// Errors: invalid_argument for numbers that are not positive, or more tokens than the model has
/// positions for (one is taken by the token that begins a text); those of Model::read.
qfmt::Result<std::vector<std::string>> sample(Model const& model, Tokenizer const& tokenizer,
                                              SampleOptions const& options,
                                              qfmt::ThreadPool& threads);

}  // namespace llama
