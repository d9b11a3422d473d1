// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <set>

#include <qfmt/oneshot/dataloader.hpp>

using namespace qfmt;
using namespace qfmt::oneshot;

namespace {

std::vector<int32_t> letters(std::string_view text) {
  return {text.begin(), text.end()};
}

/// A batch as text, samples one below the other; padding as '.'.
std::string shown(calibration::Batch const& batch) {
  auto const tokens = batch.inputs.at("tokens")->view();
  std::string text;
  for (index_t r = 0; r < tokens.shape.rows; ++r) {
    for (index_t c = 0; c < tokens.shape.cols; ++c) {
      bool const is_kept = batch.kept.empty() ||
                           batch.kept[static_cast<std::size_t>(r * tokens.shape.cols + c)] != 0;
      text += is_kept ? static_cast<char>(tokens(r, c)) : '.';
    }
    text += '|';
  }
  return text;
}

std::string shown(std::vector<std::string> const& texts, DataOptions const& options) {
  auto const batches = make_batches(texts, letters, options);
  REQUIRE_MESSAGE(batches, batches.error().to_string());
  std::string text;
  for (auto const& batch : *batches) text += shown(batch) + "/";
  return text;
}

DataOptions in_order(index_t length, index_t batch) {
  DataOptions options;
  options.shuffle = false;
  options.sequence_length = length;
  options.batch_size = batch;
  return options;
}

}  // namespace

TEST_CASE("texts one behind the other, cut") {
  CHECK(shown({"abcd", "efghij"}, in_order(3, 1)) == "abc|/def|/ghi|/");
  CHECK(shown({"abcd", "efghij"}, in_order(3, 2)) == "abc|def|/ghi|/");
  CHECK(shown({"ab"}, in_order(3, 1)) == "ab|/");
  auto options = in_order(3, 1);
  options.begin = '^';
  CHECK(shown({"abcdef"}, options) == "^ab|/^cd|/^ef|/");
  options.samples = 2;
  CHECK(shown({"abcdef"}, options) == "^ab|/^cd|/");
}

TEST_CASE("a text, a sample: truncated, padded behind, and the padding masked") {
  auto options = in_order(4, 2);
  options.concatenate = false;
  CHECK(shown({"abcdef", "xy", "", "uv", "w"}, options) == "abcd|xy..|/uv|w.|/");
  auto const batches = make_batches({"ab", "cd"}, letters, options);
  REQUIRE(batches);
  CHECK((*batches)[0].kept.empty());
  CHECK((*batches)[0].sequences == 2);
}

TEST_CASE("a seed chooses samples: each once, the same every time") {
  std::string text;
  for (char c = 'a'; c <= 'z'; ++c) text += c;
  DataOptions options;
  options.sequence_length = 1;
  options.samples = 26;
  options.batch_size = 26;
  std::string const all = shown({text}, options);
  CHECK(all == shown({text}, options));
  std::set<char> const seen(all.begin(), all.end());
  CHECK(seen.size() == 28);
  CHECK(all.substr(0, 52) != shown({text}, in_order(1, 26)).substr(0, 52));
  options.seed = 1;
  CHECK(all != shown({text}, options));
  // Fewer samples are the first of these.
  options.samples = 5;
  options.batch_size = 5;
  std::string const five = shown({text}, options);
  options.samples = 26;
  options.batch_size = 26;
  CHECK(shown({text}, options).substr(0, 10) == five.substr(0, 10));
}

TEST_CASE("texts of a file") {
  CHECK(read_texts("a\nb", false, "f").operator*() == std::vector<std::string>{"a\nb"});
  auto const lines =
      read_texts("{\"text\": \"a\\nb\"}\n\n{\"id\": 1, \"text\": \"c\"}\r\n", true, "f");
  REQUIRE_MESSAGE(lines, lines.error().to_string());
  CHECK(*lines == std::vector<std::string>{"a\nb", "c"});
  auto const bad = read_texts("{\"text\": \"a\"}\n{\"txt\": \"b\"}\n", true, "f");
  CHECK(bad.error().to_string() == "config_invalid: f: line 2: expected an object with a \"text\"");
  CHECK(read_texts("{\"text\": ", true, "f").status() == Status::json_syntax);
  CHECK(read_texts("3", true, "f").status() == Status::config_invalid);
}

TEST_CASE("nothing to calibrate with") {
  CHECK(make_batches({}, letters, {}).status() == Status::calibration_empty);
  CHECK(make_batches({"", ""}, letters, {}).status() == Status::calibration_empty);
  for (auto const change :
       {+[](DataOptions& o) { o.samples = 0; }, +[](DataOptions& o) { o.batch_size = 0; },
        +[](DataOptions& o) { o.sequence_length = 0; },
        +[](DataOptions& o) { o.sequence_length = 1, o.begin = 0; }}) {
    DataOptions options;
    change(options);
    CHECK(make_batches({"abc"}, letters, options).status() == Status::invalid_argument);
  }
}
