// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <numeric>
#include <string_view>

#include <qfmt/calibration/model.hpp>
#include <qfmt/core/random.hpp>
#include <qfmt/io/json.hpp>

// From a text to the batches that a model is calibrated with.

namespace qfmt::oneshot {

/// The tokens of a text.
using Tokenize = std::function<std::vector<int32_t>(std::string_view text)>;

struct DataOptions {
  index_t samples = 512;  ///< at most
  index_t sequence_length = 512;
  index_t batch_size = 1;  ///< samples in a batch
  uint64_t seed = 0;
  bool shuffle = true;  ///< takes samples in the order of a permutation; else the first ones
  /// Cuts all texts, one behind the other, into samples of sequence_length; the last one, if it is
  /// shorter, is left out unless it is alone. Otherwise each text is a sample, truncated.
  bool concatenate = true;
  std::optional<int32_t> begin;  ///< put before each sample; counts as one of its tokens
  int32_t padding = 0;           ///< what shorter samples of a batch are filled up with
};

/// The texts of a file: of JSON lines the fields "text", else the whole.
///
/// Errors: those of parse_json, and config_invalid for a line without a text; both name the line.
[[nodiscard]] inline Result<std::vector<std::string>> read_texts(std::string_view content,
                                                                 bool json_lines,
                                                                 std::string const& where) {
  if (!json_lines)
    return std::vector<std::string>{std::string{content}};
  std::vector<std::string> texts;
  for (std::size_t begin = 0, number = 1; begin < content.size(); ++number) {
    std::size_t const end = (std::min)(content.find('\n', begin), content.size());
    std::string_view const line = content.substr(begin, end - begin);
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos)
      continue;
    std::string const at = where + ": line " + std::to_string(number);
    auto const json = io::parse_json(line, at);
    if (!json)
      return json.error();
    if (!json->is_object() || !json->contains("text") || !(*json)["text"].is_string())
      return Error{Status::config_invalid, at + ": expected an object with a \"text\""};
    texts.push_back((*json)["text"].get<std::string>());
  }
  return texts;
}

namespace detail {

inline std::vector<std::vector<int32_t>> cut_samples(std::vector<std::string> const& texts,
                                                     Tokenize const& tokenize,
                                                     DataOptions const& options) {
  auto const length = static_cast<std::size_t>(options.sequence_length - (options.begin ? 1 : 0));
  std::vector<std::vector<int32_t>> samples;
  std::vector<int32_t> all;
  for (std::string const& text : texts) {
    auto tokens = tokenize(text);
    if (options.concatenate) {
      all.insert(all.end(), tokens.begin(), tokens.end());
    } else if (!tokens.empty()) {
      tokens.resize((std::min)(tokens.size(), length));
      samples.push_back(std::move(tokens));
    }
  }
  for (std::size_t at = 0; at < all.size(); at += length) {
    std::size_t const count = (std::min)(length, all.size() - at);
    if (count < length && at > 0)
      break;
    auto const first = all.begin() + static_cast<std::ptrdiff_t>(at);
    samples.emplace_back(first, first + static_cast<std::ptrdiff_t>(count));
  }
  if (options.begin) {
    for (auto& sample : samples) sample.insert(sample.begin(), *options.begin);
  }
  return samples;
}

/// The first `count` numbers of a permutation of [0, size), by Fisher and Yates.
inline std::vector<std::size_t> chosen(std::size_t size, std::size_t count,
                                       DataOptions const& options) {
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  count = (std::min)(count, size);
  Philox const random{options.seed};
  for (std::size_t i = 0; options.shuffle && i < count; ++i) {
    Philox::Block const block = random.block(i);
    uint64_t const draw = uint64_t{block.words[0]} << 32 | block.words[1];
    std::swap(order[i], order[i + static_cast<std::size_t>(draw % (size - i))]);
  }
  order.resize(count);
  return order;
}

}  // namespace detail

/// Batches of samples: "tokens", (samples, length), as numbers. Samples that are shorter than the
/// longest of their batch are padded behind, and the padding is masked. The same texts, options and
/// tokens give the same batches.
///
/// Errors: calibration_empty without any token; invalid_argument for options that are not positive.
[[nodiscard]] inline Result<std::vector<calibration::Batch>> make_batches(
    std::vector<std::string> const& texts, Tokenize const& tokenize, DataOptions const& options) {
  if (options.samples < 1 || options.batch_size < 1 ||
      options.sequence_length < (options.begin ? 2 : 1))
    return Error{Status::invalid_argument,
                 "got " + std::to_string(options.samples) + " samples of " +
                     std::to_string(options.sequence_length) + " tokens in batches of " +
                     std::to_string(options.batch_size) + ", expected positive numbers"};
  auto const samples = detail::cut_samples(texts, tokenize, options);
  if (samples.empty())
    return Error{Status::calibration_empty,
                 "got " + std::to_string(texts.size()) + " texts without any token"};
  auto const order =
      detail::chosen(samples.size(), static_cast<std::size_t>(options.samples), options);
  std::vector<calibration::Batch> batches;
  auto const size = static_cast<std::size_t>(options.batch_size);
  for (std::size_t first = 0; first < order.size(); first += size) {
    std::span<std::size_t const> const members =
        std::span{order}.subspan(first, (std::min)(size, order.size() - first));
    std::size_t length = 0;
    for (std::size_t const s : members) length = (std::max)(length, samples[s].size());
    calibration::Activation tokens{
        {static_cast<index_t>(members.size()), static_cast<index_t>(length)}, {}};
    calibration::Batch batch;
    bool is_padded = false;
    for (std::size_t const s : members) {
      for (std::size_t i = 0; i < length; ++i) {
        bool const is_token = i < samples[s].size();
        tokens.values.push_back(static_cast<float>(is_token ? samples[s][i] : options.padding));
        batch.kept.push_back(is_token ? 1 : 0);
        is_padded = is_padded || !is_token;
      }
    }
    if (!is_padded)
      batch.kept.clear();
    batch.sequences = static_cast<index_t>(members.size());
    batch.inputs["tokens"] = std::make_shared<calibration::Activation>(std::move(tokens));
    batches.push_back(std::move(batch));
  }
  return batches;
}

}  // namespace qfmt::oneshot
