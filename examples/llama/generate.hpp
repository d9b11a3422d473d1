// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

#include "model.hpp"
#include "tokenizer.hpp"

namespace llama {

/// Continues a prompt, always with the token that the model rates highest, until `count` tokens,
/// the end mark or the end of the model's context. `emit` is called with the text, prompt included,
/// piece by piece as it comes.
qfmt::Result<void> generate(Model const& model, Tokenizer const& tokenizer, std::string_view prompt,
                            index_t count, qfmt::ThreadPool& threads,
                            std::function<void(std::string_view)> const& emit);

}  // namespace llama
