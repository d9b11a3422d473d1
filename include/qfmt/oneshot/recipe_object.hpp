// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/shape.hpp>
#include <qfmt/io/json.hpp>
#include <qfmt/oneshot/nearest_name.hpp>

namespace qfmt::oneshot::detail {

using OrderedJson = nlohmann::ordered_json;

/// Reads one object of a recipe, key by key, and knows which keys there are.
class RecipeObject {
 public:
  RecipeObject(OrderedJson const& json, std::string where)
      : json_{json}, where_{std::move(where)} {}

  /// Errors: config_invalid for a key that is not known, naming the nearest that is; unsupported for
  /// one whose meaning this library does not have, unless its value says nothing.
  Result<void> check_keys(std::vector<std::string_view> const& known,
                          std::vector<std::string_view> const& unsupported = {}) const {
    if (!json_.is_object())
      return fail("", "got " + std::string{json_.type_name()} + ", expected an object");
    for (auto const& [key, value] : json_.items()) {
      if (std::find(known.begin(), known.end(), key) != known.end())
        continue;
      if (std::find(unsupported.begin(), unsupported.end(), key) != unsupported.end()) {
        if (value.is_null() || value == false)
          continue;
        return Error{Status::unsupported, where_ + "." + key + ": is not supported"};
      }
      return fail("", "got the key " + quoted(key) + ", expected " +
                          quoted(std::string{nearest_name(key, known)}) + " or another known one");
    }
    return {};
  }

  Result<void> read(char const* key, std::string& to) const {
    return take(key, "a text", [&](OrderedJson const& v) {
      return v.is_string() && (to = v.get<std::string>(), true);
    });
  }
  Result<void> read(char const* key, std::vector<std::string>& to) const {
    return take(key, "a text or an array of texts", [&](OrderedJson const& v) {
      if (v.is_string()) {
        to = {v.get<std::string>()};
        return true;
      }
      if (!v.is_array() ||
          !std::all_of(v.begin(), v.end(), [](auto const& e) { return e.is_string(); }))
        return false;
      to = v.get<std::vector<std::string>>();
      return true;
    });
  }
  Result<void> read(char const* key, bool& to) const {
    return take(key, "true or false",
                [&](OrderedJson const& v) { return v.is_boolean() && (to = v.get<bool>(), true); });
  }
  Result<void> read(char const* key, index_t& to, index_t least) const {
    return take(key, "a whole number from " + std::to_string(least) + " on",
                [&](OrderedJson const& v) {
                  return v.is_number_integer() && v.get<int64_t>() >= least &&
                         (to = v.get<int64_t>(), true);
                });
  }
  Result<void> read(char const* key, double& to, double least, double most) const {
    return take(key, "a number from " + std::to_string(least) + " to " + std::to_string(most),
                [&](OrderedJson const& v) {
                  return v.is_number() && v.get<double>() >= least && v.get<double>() <= most &&
                         (to = v.get<double>(), true);
                });
  }

  /// Calls read(value) where the key is there and not null; false: not what was expected.
  template <class Read>
  Result<void> take(char const* key, std::string const& expected, Read const& read_value) const {
    auto const found = json_.find(key);
    if (found == json_.end() || found->is_null() || read_value(*found))
      return {};
    std::string const got = found->dump(-1, ' ', true, OrderedJson::error_handler_t::replace);
    return fail(std::string{"."} + key, "got " + got + ", expected " + expected);
  }

  [[nodiscard]] OrderedJson const& json() const noexcept { return json_; }
  [[nodiscard]] std::string const& where() const noexcept { return where_; }
  [[nodiscard]] Error fail(std::string const& at, std::string const& message) const {
    return {Status::config_invalid, where_ + at + ": " + message};
  }

 private:
  OrderedJson const& json_;
  std::string where_;
};

}  // namespace qfmt::oneshot::detail
