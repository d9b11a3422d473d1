// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <map>
#include <sstream>
#include <unordered_set>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <qfmt/io/json.hpp>

// YAML as the JSON that it stands for. The one header that needs yaml-cpp, which comes with the
// component qfmt::yaml; nothing includes it.

namespace qfmt::io {

namespace detail {

/// Values and bytes of texts in a document at most, what aliases stand for counted each time.
inline constexpr std::size_t most_yaml = std::size_t{1} << 18;

/// What the handler throws through the parser; parse_yaml catches it.
struct YamlDefect {
  Status status = Status::ok;
  YAML::Mark mark;
  std::string message;
};

/// Whether a plain text is one thing to YAML 1.1 (which Python reads) and another to YAML 1.2, or a
/// number that JSON does not have: yes, 017, 1_000, 1:30, 0x1F, .inf.
inline bool is_ambiguous_yaml(std::string_view text) {
  std::string lower{text};
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (std::string_view const word : {"yes", "no", "on", "off"}) {
    if (lower == word)
      return true;
  }
  std::string_view rest = lower;
  if (rest.starts_with('-') || rest.starts_with('+'))
    rest.remove_prefix(1);
  auto const consists_of = [&](std::string_view characters) {
    return rest.find_first_not_of(characters) == std::string_view::npos;
  };
  if (rest == ".inf" || rest == ".nan")
    return true;
  if (rest.size() < 2 || rest[0] < '0' || rest[0] > '9')
    return false;
  if (rest[0] == '0' && (rest[1] == 'x' || rest[1] == 'b' || rest[1] == 'o'))
    return true;
  if (consists_of("0123456789_"))
    return rest[0] == '0' || rest.find('_') != std::string_view::npos;
  return consists_of("0123456789:");
}

/// The value of a plain text: null, true, false, a decimal number, or itself. Nothing for a number
/// that binary64 does not hold.
inline std::optional<nlohmann::ordered_json> plain_yaml(std::string const& text) {
  for (char const* const word : {"true", "True", "TRUE"}) {
    if (text == word)
      return nlohmann::ordered_json(true);
  }
  for (char const* const word : {"false", "False", "FALSE"}) {
    if (text == word)
      return nlohmann::ordered_json(false);
  }
  // What from_chars takes beyond the core schema: letters. What it does not take: a plus.
  bool const is_numeric = text.find_first_not_of("0123456789+-.eE") == std::string::npos &&
                          text.find_first_of("0123456789") != std::string::npos;
  char const* const end = text.data() + text.size();
  char const* const begin = text.data() + (text[0] == '+' ? 1 : 0);
  if (!is_numeric || (begin != text.data() && begin != end && *begin == '-'))
    return nlohmann::ordered_json(text);
  int64_t whole = 0;
  if (auto const read = std::from_chars(begin, end, whole);
      read.ec == std::errc{} && read.ptr == end)
    return nlohmann::ordered_json(whole);
  double number = 0.0;
  auto const read = std::from_chars(begin, end, number);
  if (read.ptr != end || read.ec == std::errc::invalid_argument)
    return nlohmann::ordered_json(text);
  if (read.ec != std::errc{})
    return {};
  return nlohmann::ordered_json(number);
}

/// Builds a value from the events of a document.
class YamlBuilder final : public YAML::EventHandler {
 public:
  explicit YamlBuilder(std::size_t max_depth) : max_depth_{max_depth} {}

  [[nodiscard]] nlohmann::ordered_json take() { return std::move(root_); }

  void OnDocumentStart(YAML::Mark const& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(YAML::Mark const& mark, YAML::anchor_t anchor) override {
    if (is_key_next())
      return set_key(mark, "null", false);
    add(mark, anchor, {nullptr, 1, 0});
  }
  void OnAlias(YAML::Mark const& mark, YAML::anchor_t anchor) override {
    if (is_key_next())
      throw YamlDefect{Status::unsupported, mark, "got an alias as a key, expected a text"};
    auto const found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw YamlDefect{Status::config_invalid, mark, "got an alias of what it is part of"};
    check_depth(mark, found->second.height);
    add(mark, 0, found->second);
  }
  void OnScalar(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor,
                std::string const& value) override {
    bool const is_plain = tag == "?";
    if (!is_plain)
      check_tag(mark, tag, "!");  // of what stands in quotes
    if (!is_utf8(value))
      throw YamlDefect{Status::config_invalid, mark, "got a text that is not UTF-8"};
    if (is_key_next())
      return set_key(mark, value, is_plain);
    if (!is_plain)
      return add(mark, anchor, {value, 1 + value.size(), 0});
    auto read = plain_yaml(value);
    if (!read || is_ambiguous_yaml(value))
      throw YamlDefect{Status::config_invalid, mark,
                       "got " + qfmt::quoted(value) +
                           ", which readers of YAML take for different things, or for no number of "
                           "JSON; expected true, false, a decimal number, or quotes around it"};
    add(mark, anchor, {*std::move(read), 1 + value.size(), 0});
  }
  void OnSequenceStart(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, anchor, nlohmann::ordered_json::array());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, anchor, nlohmann::ordered_json::object());
  }
  void OnMapEnd() override { close(); }

 private:
  /// A value with what is known of it.
  struct Built {
    nlohmann::ordered_json value;
    std::size_t size = 1;    // values and bytes of texts, itself included
    std::size_t height = 0;  // levels of objects and arrays
  };
  struct Open {
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    Built built;
    std::optional<std::string> key;
    std::unordered_set<std::string> keys;  // so far
  };

  [[nodiscard]] bool is_key_next() const {
    return !open_.empty() && open_.back().built.value.is_object() && !open_.back().key;
  }
  void set_key(YAML::Mark const& mark, std::string const& key, bool is_plain) {
    if (is_plain && key == "<<")
      throw YamlDefect{Status::unsupported, mark, "got a merge key, which YAML 1.2 does not have"};
    if (!open_.back().keys.insert(key).second)
      throw YamlDefect{Status::duplicate_key, mark,
                       "got the key " + qfmt::quoted(key) + " twice in one object"};
    open_.back().key = key;
  }
  static void check_tag(YAML::Mark const& mark, std::string const& tag, char const* expected) {
    if (tag != expected)
      throw YamlDefect{Status::unsupported, mark,
                       "got the tag " + qfmt::quoted(tag) + ", expected none"};
  }
  void check_depth(YAML::Mark const& mark, std::size_t height) const {
    if (open_.size() + height > max_depth_)
      throw YamlDefect{Status::json_too_deep, mark,
                       "got more than " + std::to_string(max_depth_) + " levels of nesting"};
  }
  void open(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor,
            nlohmann::ordered_json value) {
    check_tag(mark, tag, "?");
    if (is_key_next())
      throw YamlDefect{Status::config_invalid, mark,
                       "got an object or an array as a key, expected a text"};
    check_depth(mark, 1);
    open_.push_back({mark, anchor, {std::move(value), 1, 1}, {}, {}});
  }
  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(done.mark, done.anchor, std::move(done.built));
  }
  void add(YAML::Mark const& mark, YAML::anchor_t anchor, Built built) {
    if (anchor != 0)
      anchors_[anchor] = built;
    if (open_.empty()) {
      root_ = std::move(built.value);
      return;
    }
    Built& parent = open_.back().built;
    parent.size += built.size + (open_.back().key ? open_.back().key->size() : 0);
    if (parent.size > most_yaml)
      throw YamlDefect{Status::config_invalid, mark,
                       "got more than " + std::to_string(most_yaml) + " values and bytes of texts"};
    parent.height = (std::max)(parent.height, built.height + 1);
    if (open_.back().key) {
      // Looked up by nobody: finding a key in an ordered object takes as long as it is.
      parent.value.get_ref<nlohmann::ordered_json::object_t&>().emplace_back(
          *std::move(open_.back().key), std::move(built.value));
      open_.back().key.reset();
    } else {
      parent.value.push_back(std::move(built.value));
    }
  }

  std::size_t max_depth_;
  nlohmann::ordered_json root_;
  std::vector<Open> open_;  // outermost first
  std::map<YAML::anchor_t, Built> anchors_;
};

}  // namespace detail

/// A document of YAML 1.2 as JSON; `where` (a file name) begins every message. Objects keep the order of
/// their keys. An alias is what its anchor has, copied. Plain texts are null, true, false or decimal
/// numbers as the core schema has them, else texts; keys are texts as they stand. An empty text is null.
///
/// Errors, each with line and column: config_invalid for what is not YAML or has no JSON, for plain texts
/// that YAML 1.1 and 1.2 take for different things (yes, no, on, off, 017, 1_000, 1:30, 0x1F), for a
/// second document, and for more than 2^18 values and bytes of texts, what aliases stand for counted each
/// time; duplicate_key; json_too_deep; unsupported for tags and merge keys.
[[nodiscard]] inline Result<nlohmann::ordered_json> parse_yaml(std::string_view text,
                                                               std::string const& where,
                                                               std::size_t max_depth = 32) {
  auto const error = [&](Status status, YAML::Mark const& mark, std::string const& message) {
    return Error{status, where + ": line " + std::to_string(mark.line + 1) + ", column " +
                             std::to_string(mark.column + 1) + ": " + message};
  };
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos)
    return Error{Status::config_invalid, where + ": got bytes that are not UTF-8, or zero"};
  detail::YamlBuilder builder{max_depth};
  try {
    std::istringstream stream{std::string{text}};
    YAML::Parser parser{stream};
    if (!parser.HandleNextDocument(builder))
      return nlohmann::ordered_json();
    detail::YamlBuilder second{max_depth};
    if (parser.HandleNextDocument(second))
      return Error{Status::config_invalid, where + ": got a second document, expected one"};
    return builder.take();
  } catch (detail::YamlDefect const& defect) {
    return error(defect.status, defect.mark, defect.message);
  } catch (YAML::Exception const& exception) {
    std::string message = exception.msg;  // which may end in a character of the text
    for (char& c : message) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
    return error(Status::config_invalid, exception.mark, message);
  }
}

}  // namespace qfmt::io
