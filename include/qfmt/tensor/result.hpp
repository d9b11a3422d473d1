// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <variant>

#include <qfmt/core/status.hpp>

namespace qfmt {

/// Why something did not happen: a code, and one line that names the subject (file, tensor, layer),
/// what was found and what was expected. Untrusted text in it is escaped (see quoted()).
struct Error {
  Status status = Status::ok;
  std::string message;

  /// "unknown_dtype: a.safetensors: tensor 'w': got \"F8\", expected ..."
  [[nodiscard]] std::string to_string() const { return std::string{name(status)} + ": " + message; }
};

/// A value, or the Error that prevented it. Nothing in the library throws to report an error.
///
///     Result<File> file = open(path);
///     if (!file) return file.error();
///     use(*file);
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_{std::in_place_index<0>, std::move(value)} {}
  Result(Error error) : state_{std::in_place_index<1>, std::move(error)} {}

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  // Precondition of these: ok().
  [[nodiscard]] T& operator*() & noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] T const& operator*() const& noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  [[nodiscard]] T* operator->() noexcept { return std::get_if<0>(&state_); }
  [[nodiscard]] T const* operator->() const noexcept { return std::get_if<0>(&state_); }

  // Precondition: !ok().
  [[nodiscard]] Error const& error() const noexcept { return *std::get_if<1>(&state_); }
  [[nodiscard]] Status status() const noexcept { return ok() ? Status::ok : error().status; }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_{std::move(error)} {}

  [[nodiscard]] bool ok() const noexcept { return error_.status == Status::ok; }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] Error const& error() const noexcept { return error_; }
  [[nodiscard]] Status status() const noexcept { return error_.status; }

 private:
  Error error_;
};

/// Untrusted text made fit for a message: in single quotes, at most 256 bytes of it, control
/// characters and bytes outside ASCII as \xNN.
[[nodiscard]] inline std::string quoted(std::string const& text) {
  constexpr std::size_t longest = 256;
  constexpr char const* digits = "0123456789abcdef";
  std::string out = "'";
  for (std::size_t i = 0; i < text.size() && i < longest; ++i) {
    auto const byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x7F && byte != '\\' && byte != '\'') {
      out += text[i];
    } else {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  if (text.size() > longest)
    out += "...";
  return out + "'";
}

}  // namespace qfmt
