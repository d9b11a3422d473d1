// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "evaluate.hpp"

#include <algorithm>
#include <cmath>

namespace llama {
namespace {

using namespace qfmt;

constexpr std::size_t window = 256;
constexpr std::size_t windows_at_once = 8;  // one product for all of them

/// -log2 of the probability that these ratings give to a token: (log sum exp(x) - x[token]) /
/// log 2.
double bits(std::span<float const> ratings, Token token) {
  float const largest = *std::max_element(ratings.begin(), ratings.end());
  float sum = 0.0f;
  for (float const x : ratings) sum += std::exp(x - largest);
  double const nats = std::log(static_cast<double>(sum)) +
                      static_cast<double>(largest - ratings[static_cast<std::size_t>(token)]);
  return nats / std::log(2.0);
}

/// The bits that the model needs for each window of `text`, which is windows of `size` bytes.
Result<std::vector<double>> bits_of_some(Model const& model, std::string_view text,
                                         std::size_t size, ThreadPool& threads) {
  std::vector<Token> input;   // each window behind the begin token, without its last byte
  std::vector<Token> target;  // each window
  for (std::size_t i = 0; i < text.size(); ++i) {
    input.push_back(i % size == 0 ? model.config().bos_token_id : target.back());
    target.push_back(static_cast<unsigned char>(text[i]));
  }
  std::vector<Sequence> sequences(text.size() / size,
                                  Sequence{model.config(), static_cast<index_t>(size)});
  auto const hidden = model.read(sequences, input, threads);
  if (!hidden)
    return hidden.error();
  auto const logits = model.logits(hidden->view(), threads);
  if (!logits)
    return logits.error();

  std::vector<double> row_bits(target.size());
  threads.for_each_range(static_cast<index_t>(target.size()), 16, [&](IndexRange rows) {
    for (index_t row = rows.begin; row < rows.end; ++row) {
      auto const i = static_cast<std::size_t>(row);
      std::span<float const> const ratings{logits->row(row),
                                           static_cast<std::size_t>(logits->shape().cols)};
      row_bits[i] = bits(ratings, target[i]);
    }
  });
  std::vector<double> bits_of(text.size() / size);
  for (std::size_t i = 0; i < row_bits.size(); ++i) bits_of[i / size] += row_bits[i];
  return bits_of;
}

}  // namespace

Result<std::vector<WindowBits>> bits_of_windows(Model const& model, std::string_view text,
                                                ThreadPool& threads, Progress const& progress) {
  if (model.config().vocab_size != 256) {
    return Error{Status::unsupported, "got a vocabulary of " +
                                          std::to_string(model.config().vocab_size) +
                                          ", expected a model with one token for each byte (256)"};
  }
  if (model.config().max_position_embeddings < static_cast<index_t>(window)) {
    return Error{Status::unsupported, "got a context of " +
                                          std::to_string(model.config().max_position_embeddings) +
                                          " tokens, expected at least " + std::to_string(window)};
  }
  if (text.empty())
    return Error{Status::invalid_argument, "got an empty text"};
  std::vector<WindowBits> windows;
  for (std::size_t done = 0; done < text.size();) {
    std::size_t const size = std::min(window, text.size() - done);
    std::size_t const whole = (text.size() - done) / size;
    std::string_view const part = text.substr(done, size * std::min(whole, windows_at_once));
    auto const part_bits = bits_of_some(model, part, size, threads);
    if (!part_bits)
      return part_bits.error();
    for (double const b : *part_bits) windows.push_back({size, b});
    done += part.size();
    if (progress)
      progress(done);
  }
  return windows;
}

Result<double> bits_per_byte(Model const& model, std::string_view text, ThreadPool& threads) {
  auto const windows = bits_of_windows(model, text, threads);
  if (!windows)
    return windows.error();
  return bits_per_byte(*windows);
}

Result<double> bits_per_byte(std::filesystem::path const& directory, std::string_view text,
                             ThreadPool& threads) {
  auto const model = Model::load(directory);
  if (!model)
    return model.error();
  auto const bits = bits_per_byte(*model, text, threads);
  if (!bits)
    return Error{bits.status(), directory.string() + ": " + bits.error().message};
  return bits;
}

}  // namespace llama
