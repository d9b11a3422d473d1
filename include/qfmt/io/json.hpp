// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include <qfmt/io/json_text.hpp>
#include <qfmt/tensor/result.hpp>

// Strict JSON (RFC 8259): valid UTF-8 without a byte-order mark, bounded nesting, no key twice in an
// object, nothing after the value. Parsing is iterative, so depth costs no stack.

namespace qfmt::io {

namespace detail {

/// Walks over a text and lets others see how far it is.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = char const*;
  using reference = char const&;

  Cursor(char const* at, char const** progress) noexcept : at_{at}, progress_{progress} {}
  reference operator*() const noexcept { return *at_; }
  Cursor& operator++() noexcept {
    *progress_ = ++at_;
    return *this;
  }
  Cursor operator++(int) noexcept {
    Cursor const before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(Cursor const& a, Cursor const& b) noexcept { return a.at_ == b.at_; }
  friend bool operator!=(Cursor const& a, Cursor const& b) noexcept { return a.at_ != b.at_; }

 private:
  char const* at_;
  char const** progress_;
};

/// What a text may hold.
enum class Extent : uint8_t {
  whole,        ///< one value
  first_value,  ///< one value, and anything after it
};

/// What the receivers of parsing events have in common: the first error, and where it is.
class JsonReceiver {
 public:
  /// `where` begins every message; `unit` is what offsets count: "byte", "header byte".
  JsonReceiver(std::string_view text, std::string where, char const* unit)
      : text_{text}, where_{std::move(where)}, unit_{unit}, progress_{text.data()} {}

  [[nodiscard]] Error const& error() const noexcept { return error_; }

  bool binary(nlohmann::json::binary_t&) { return false; }

 protected:
  /// How many bytes have been read. A number has been read when the byte after it has.
  [[nodiscard]] std::size_t offset() const noexcept {
    return static_cast<std::size_t>(progress_ - text_.data());
  }

  bool fail_at(std::size_t offset, Status status, std::string const& message) {
    error_ = {status, where_ + ": " + message + " (" + unit_ + " " + std::to_string(offset) + ")"};
    return false;
  }
  bool fail(Status status, std::string const& message) {
    return fail_at(offset(), status, message);
  }

  /// The error for a text that is not JSON at a parser's position.
  bool fail_syntax(std::size_t position, Status status = Status::json_syntax,
                   char const* expected = "valid JSON") {
    std::size_t const bad = (std::min)(position == 0 ? 0 : position - 1, text_.size());
    std::string const found = bad == text_.size() ? "the end of the text"
                                                  : qfmt::quoted(std::string{text_.substr(bad, 1)});
    return fail_at(bad, status, "got " + found + ", expected " + expected);
  }

  [[nodiscard]] std::string_view text() const noexcept { return text_; }

 private:
  template <class Receiver>
  friend Result<std::size_t> receive_json(Receiver& receiver, std::size_t max_depth, Extent extent);

  std::string_view text_;
  std::string where_;
  char const* unit_;
  char const* progress_;
  Error error_;
};

/// Parses a receiver's text, sending it what is found; gives the end of what was parsed.
///
/// Errors: header_bad_utf8 and json_too_deep, which come before all others; the receiver's own;
/// json_syntax.
template <class Receiver>
Result<std::size_t> receive_json(Receiver& receiver, std::size_t max_depth, Extent extent) {
  JsonReceiver& base = receiver;
  TextDefect const scan = scan_json(base.text_, max_depth);
  if (scan.status != Status::ok) {
    base.fail_at(scan.offset, scan.status,
                 scan.status == Status::json_too_deep
                     ? "got more than " + std::to_string(max_depth) + " levels of nesting"
                 : scan.offset == 0 ? "got a byte-order mark or bytes that are not UTF-8"
                                    : "got bytes that are not UTF-8");
    return base.error_;
  }
  std::size_t const end = extent == Extent::whole ? base.text_.size() : scan.offset;
  char const* past_end = nullptr;
  Cursor const first{base.text_.data(), &base.progress_};
  Cursor const last{base.text_.data() + end, &past_end};
  if (!nlohmann::json::sax_parse(first, last, &receiver))
    return base.error_;
  // To the parser a zero byte is the end of the text, whatever is behind it.
  if (std::size_t const zero = base.text_.substr(0, end).find('\0');
      zero != std::string_view::npos) {
    base.fail_syntax(zero + 1);
    return base.error_;
  }
  return end;
}

/// Builds a value from parsing events.
class ValueBuilder : public JsonReceiver {
 public:
  ValueBuilder(std::string_view text, std::string where)
      : JsonReceiver{text, std::move(where), "byte"} {}

  [[nodiscard]] nlohmann::json take() { return std::move(root_); }

  bool null() { return add(nullptr) != nullptr; }
  bool boolean(bool value) { return add(value) != nullptr; }
  bool number_integer(int64_t value) { return add(value) != nullptr; }
  bool number_unsigned(uint64_t value) { return add(value) != nullptr; }
  bool number_float(double value, std::string const&) { return add(value) != nullptr; }
  bool string(std::string& value) { return add(std::move(value)) != nullptr; }
  bool start_object(std::size_t) { return open(nlohmann::json::object()); }
  bool start_array(std::size_t) { return open(nlohmann::json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    if (open_.back()->contains(name))
      return fail(Status::duplicate_key,
                  "got the key " + qfmt::quoted(name) + " twice in one object");
    key_ = std::move(name);
    return true;
  }
  template <class Exception>
  bool parse_error(std::size_t position, std::string const&, Exception const&) {
    return fail_syntax(position);
  }

 private:
  nlohmann::json* add(nlohmann::json value) {
    if (open_.empty())
      return &(root_ = std::move(value));
    nlohmann::json& parent = *open_.back();
    if (parent.is_object())
      return &(parent[key_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }
  bool open(nlohmann::json value) {
    open_.push_back(add(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  nlohmann::json root_;
  std::vector<nlohmann::json*>
      open_;  // the objects and arrays that have not ended, outermost first
  std::string key_;
};

}  // namespace detail

/// A whole document, strictly; `where` (a file name) begins every message. Objects are ordered by key.
///
/// Errors, each with the byte: json_syntax (also for text that is not UTF-8, and for NaN and Infinity,
/// which JSON does not have), json_too_deep, duplicate_key.
[[nodiscard]] inline Result<nlohmann::json> parse_json(std::string_view text,
                                                       std::string const& where,
                                                       std::size_t max_depth = 32) {
  detail::ValueBuilder builder{text, where};
  if (auto parsed = detail::receive_json(builder, max_depth, detail::Extent::whole); !parsed) {
    Status const status =
        parsed.status() == Status::header_bad_utf8 ? Status::json_syntax : parsed.status();
    return Error{status, parsed.error().message};
  }
  return builder.take();
}

}  // namespace qfmt::io
