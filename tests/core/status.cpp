// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <doctest/doctest.h>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <qfmt/core/status.hpp>

using qfmt::Status;

namespace {

/// The spelling of an enumerator as the compiler knows it; empty for a number that is none.
template <Status S>
constexpr std::string_view spelling() {
  std::string_view text =
      __PRETTY_FUNCTION__;  // "... [with qfmt::Status S = qfmt::Status::ok; ...]"
  constexpr std::string_view before = "S = qfmt::Status::";
  auto const begin = text.find(before);
  if (begin == std::string_view::npos)
    return {};
  text.remove_prefix(begin + before.size());
  return text.substr(0, text.find_first_of(";],"));
}

constexpr int limit = 1000;  // all numbers are below

template <int... Numbers>
std::array<std::string_view, limit> spell(std::integer_sequence<int, Numbers...> /*numbers*/) {
  return {spelling<static_cast<Status>(Numbers)>()...};
}

std::array<std::string_view, limit> const spellings =
    spell(std::make_integer_sequence<int, limit>{});

}  // namespace

TEST_CASE("every status has its own spelling as its name") {
  std::set<std::string> names;
  for (std::size_t number = 0; number < spellings.size(); ++number) {
    std::string const name = qfmt::name(static_cast<Status>(number));
    INFO("number " << number);
    if (spellings[number].empty()) {
      CHECK(name == "unknown_status");
    } else {
      CHECK(name == spellings[number]);
      CHECK(names.insert(name).second);
    }
  }
  CHECK(names.size() >= 70);
}

TEST_CASE("numbers that are no status are called unknown") {
  static_assert(std::is_same_v<std::underlying_type_t<Status>, std::uint16_t>);
  for (int number = limit; number <= 0xFFFF; ++number) {
    if (std::string_view{qfmt::name(static_cast<Status>(number))} != "unknown_status")
      FAIL(number);
  }
  CHECK(std::string_view{qfmt::name(static_cast<Status>(0xFFFF))} == "unknown_status");
}

TEST_CASE("numbers are stable: each group starts where it always did") {
  CHECK(static_cast<int>(Status::ok) == 0);
  CHECK(static_cast<int>(Status::nonfinite_weight) == 100);
  CHECK(static_cast<int>(Status::invalid_argument) == 108);
  CHECK(static_cast<int>(Status::shape_mismatch) == 200);
  CHECK(static_cast<int>(Status::header_too_small) == 300);
  CHECK(static_cast<int>(Status::unsafe_path) == 400);
  CHECK(static_cast<int>(Status::io_open) == 500);
  CHECK(static_cast<int>(Status::calibration_empty) == 600);
  CHECK(static_cast<int>(Status::device_error) == 700);
}

TEST_CASE("names are available in constant expressions") {
  static_assert(std::string_view{qfmt::name(Status::ok)} == "ok");
  static_assert(std::string_view{qfmt::name(Status::unknown_dtype)} == "unknown_dtype");
}
