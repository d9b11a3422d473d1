// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <re2/re2.h>
#include <string>
#include <string_view>
#include <vector>

#include <qfmt/tensor/result.hpp>

namespace qfmt::oneshot {

/// One entry of `targets` or `ignore`, as compressed-tensors understands it: an exact module name,
/// or "re:" and a regular expression that must match from the start of the name (not to its end).
/// RE2's syntax, linear time on every pattern. The class name "Linear" stands for every layer that
/// is quantized by default.
class ModulePattern {
 public:
  /// Errors: pattern_invalid, with RE2's reason.
  static Result<ModulePattern> parse(std::string const& text) {
    ModulePattern pattern;
    pattern.text_ = text;
    if (text.rfind("re:", 0) == 0) {
      RE2::Options options;
      options.set_log_errors(false);
      pattern.regex_ = std::make_shared<RE2 const>(text.substr(3), options);
      if (!pattern.regex_->ok())
        return Error{Status::pattern_invalid,
                     quoted(text) + ": " + quoted(pattern.regex_->error())};
    }
    if (text.empty())
      return Error{Status::pattern_invalid, "an empty pattern matches nothing"};
    return pattern;
  }

  /// True for the class name "Linear".
  [[nodiscard]] bool is_linear_class() const noexcept { return text_ == "Linear"; }

  /// True for "re:" and a pattern.
  [[nodiscard]] bool is_regular_expression() const noexcept { return regex_ != nullptr; }

  [[nodiscard]] bool matches(std::string_view module) const {
    if (regex_)
      return regex_->Match(re2::StringPiece(module.data(), module.size()), 0, module.size(),
                           RE2::ANCHOR_START, nullptr, 0);
    return module == text_;
  }

  [[nodiscard]] std::string const& text() const noexcept { return text_; }

 private:
  std::string text_;
  std::shared_ptr<RE2 const> regex_;
};

/// Parses every entry of a list. Errors: the first that is not valid.
[[nodiscard]] inline Result<std::vector<ModulePattern>> parse_patterns(
    std::vector<std::string> const& texts) {
  std::vector<ModulePattern> patterns;
  for (std::string const& text : texts) {
    auto pattern = ModulePattern::parse(text);
    if (!pattern)
      return pattern.error();
    patterns.push_back(*std::move(pattern));
  }
  return patterns;
}

}  // namespace qfmt::oneshot
