// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/io/python_json.hpp>

#include "samples.hpp"

using qfmt::Status;
using qfmt::io::dump_python_json;
using qfmt::io::parse_python_json;

namespace {

/// What becomes of a text that is read and written.
std::string again(std::string const& text) {
  auto const json = parse_python_json(text, "f");
  return json ? dump_python_json(*json) : json.error().to_string();
}

}  // namespace

TEST_CASE("words that are no JSON numbers are read and written as they are") {
  std::string const text =
      "{\n  \"a\": [\n    0.5,\n    Infinity,\n    -Infinity\n  ],\n  \"b\": NaN\n}";
  CHECK(again(text) == text);
  CHECK(again("Infinity") == "Infinity");
  CHECK(again("[NaN,NaN]") == "[\n  NaN,\n  NaN\n]");
}

TEST_CASE("in strings and keys they are texts") {
  std::string const text = "{\n  \"Infinity\": \"NaN, -Infinity \\\" Infinity\"\n}";
  CHECK(again(text) == text);
  std::string const both = "{\n  \"NaN\": NaN,\n  \"x\": \"\\\\\"\n}";
  CHECK(again(both) == both);
}

TEST_CASE("what is neither is refused as parse_json refuses it, with its place") {
  for (char const* const text : {"[Infinit]", "[Infinityy]", "[+Infinity]", "[--Infinity]", "[nan]",
                                 "[NaN", "{NaN: 1}x", "[1Infinity]", "[NaN \"\\u0000NaN\"]"}) {
    CAPTURE(text);
    CHECK(samples::verdict(parse_python_json(text, "f"), Status::json_syntax, "f: got") == "");
    CHECK(parse_python_json(text, "f").error().message ==
          qfmt::io::parse_json(text, "f").error().message);
  }
  CHECK(parse_python_json("{\"a\":1,\"a\":2}", "f").status() == Status::duplicate_key);
}

TEST_CASE("a string with a zero byte of its own stays one") {
  CHECK(again("\"\\u0000a\"") == "\"\\u0000a\"");
}
