// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cstring>
#include <doctest/doctest.h>

#include <qfmt/io/yaml.hpp>

using qfmt::Status;
using qfmt::io::parse_yaml;

namespace {

std::string json_of(std::string const& text) {
  auto const value = parse_yaml(text, "f");
  return value ? value->dump() : value.error().to_string();
}

struct Row {
  std::string text;
  Status status;
  char const* message;  // "f: " before it
};

void check_refused(std::initializer_list<Row> rows) {
  for (Row const& row : rows) {
    INFO(row.text.substr(0, 60));
    auto const value = parse_yaml(row.text, "f");
    REQUIRE(!value);
    CHECK(value.status() == row.status);
    CHECK(value.error().message.substr(0, 3 + std::strlen(row.message)) ==
          std::string{"f: "} + row.message);
  }
}

}  // namespace

TEST_CASE("documents are what they say, in their order") {
  CHECK(json_of(R"(# a recipe
z_stage:
  mods:
    Modifier:
      ignore: ["re:.*lm_head", 'it''s', plain text]   # of layers
      folded: >-
        one
        two
    Other: {a: 1, "b": -2.5e-1, c: ~, d: null, e:}
a: [true, False, 1, +3, .5, 5., 1e3, 9223372036854775807, 9223372036854775808, -7]
)") == R"({"z_stage":{"mods":{"Modifier":{"ignore":["re:.*lm_head","it's","plain text"],)"
       R"("folded":"one two"},"Other":{"a":1,"b":-0.25,"c":null,"d":null,"e":null}}},)"
       R"("a":[true,false,1,3,0.5,5.0,1000.0,9223372036854775807,9.223372036854776e+18,-7]})");
  CHECK(json_of("") == "null");
  CHECK(json_of("# nothing\n") == "null");
  CHECK(json_of("--- 4\n...\n") == "4");
  CHECK(json_of("\xC3\xA9: \"\\u00e9\\x41\"") == "{\"\xC3\xA9\":\"\xC3\xA9\x41\"}");
}

TEST_CASE("JSON is YAML") {
  std::string const json = R"({"a":{"b":[1,2.5,"x\n\"",null,true]},"c":[],"d":{}})";
  CHECK(json_of(json) == json);
}

TEST_CASE("what is in quotes is a text, and keys are") {
  CHECK(json_of(R"(["1", 'true', "yes", 'null', "017"])") == R"(["1","true","yes","null","017"])");
  CHECK(json_of("{1: a, true: b, yes: c, ~: d, 017: e, '<<': f}") ==
        R"({"1":"a","true":"b","yes":"c","null":"d","017":"e","<<":"f"})");
}

TEST_CASE("what looks like a number and is none is a text") {
  CHECK(
      json_of("[1.2.3, 1-2, 4bit, '', -, 2001-01-01, +-1, --1, e5, 1.down_proj, +, 1e, .]") ==
      R"(["1.2.3","1-2","4bit","","-","2001-01-01","+-1","--1","e5","1.down_proj","+","1e","."])");
}

TEST_CASE("aliases are copies") {
  CHECK(json_of("a: &w {bits: 4}\nb: *w\nc: [&t text, *t]\nd: &n\ne: *n\n") ==
        R"({"a":{"bits":4},"b":{"bits":4},"c":["text","text"],"d":null,"e":null})");
  check_refused({
      {"a: *b", Status::config_invalid, "line 1, column 4: "},
      {"a: &a [*a]", Status::config_invalid,
       "line 1, column 8: got an alias of what it is part of"},
      {"a: &a b\n*a : c", Status::unsupported, "line 2, column 1: got an alias as a key"},
      {"a: &a {b: 1}\nc: {<<: *a}", Status::unsupported, "line 2, column 5: got a merge key"},
  });
  // Each line doubles: 2^30 values would be built without a limit.
  std::string doubling = "- &a0 [x, x]\n";
  for (int i = 1; i < 30; ++i)
    doubling += "- &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + ", *a" +
                std::to_string(i - 1) + "]\n";
  check_refused({{doubling, Status::config_invalid, "line 16, column 3: got more than 262144"}});
  // Few values, many bytes.
  std::string copies = "- &a " + std::string(300, 'x') + "\n- [";
  for (int i = 0; i < 4000; ++i) copies += "*a, ";
  check_refused({{copies + "]", Status::config_invalid, "line 2, column "}});
}

TEST_CASE("tags are refused") {
  check_refused({
      {"a: !!str 1", Status::unsupported, "line 1, column 4: got the tag 'tag:yaml.org,2002:str'"},
      {"a:\n  - !x {}", Status::unsupported, "line 2, column 5: got the tag '!x'"},
      {"!!python/object:os.system [x]", Status::unsupported, "line 1, column 1: got the tag"},
  });
}

TEST_CASE("what versions of YAML read as different things is refused") {
  for (std::string const text : {"yes", "No", "ON", "off", "017", "-0_1", "1_000", "1:30", "0x1F",
                                 "0o17", "0b1", ".inf", "-.INF", ".NaN"}) {
    CAPTURE(text);
    check_refused({{"a: " + text, Status::config_invalid, "line 1, column 4: got '"}});
  }
  check_refused({{"a: 1e999", Status::config_invalid, "line 1, column 4: got '1e999'"}});
}

TEST_CASE("nesting is bounded, with aliases and without") {
  auto const nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  CHECK(parse_yaml(nested(32), "f"));
  check_refused({{nested(33), Status::json_too_deep, "line 1, column 33: got more than 32"},
                 {nested(100000), Status::json_too_deep, "line 1, column 33"},
                 {std::string(100000, '['), Status::config_invalid, "line 1, column 1"},
                 {std::string(100000, '{'), Status::config_invalid, "line 1, column 1"},
                 {"- &a " + nested(31) + "\n- [*a]", Status::json_too_deep, "line 2, column 4"}});
  CHECK(parse_yaml("- &a " + nested(30) + "\n- [*a]", "f"));
  std::string dashes;
  for (int i = 0; i < 40; ++i) dashes += "- ";
  check_refused({{dashes, Status::json_too_deep, "line 1, column 65"}});
  CHECK(parse_yaml("[[1]]", "f", 2));
  CHECK(parse_yaml("[[1]]", "f", 1).status() == Status::json_too_deep);
}

TEST_CASE("what is not YAML, or not one document, is refused with its place") {
  check_refused({
      {"a: 1\na: 2", Status::duplicate_key, "line 2, column 1: got the key 'a' twice"},
      {"a: {b: 1, 'b': 2}", Status::duplicate_key, "line 1, column 11: got the key 'b' twice"},
      {"a: [1, 2", Status::config_invalid, "line 1, column 1: "},
      {"a: b: c", Status::config_invalid, "line 1, column 5: "},
      {"a:\n\t- b", Status::config_invalid, "line 2, column "},
      {"a: \"x", Status::config_invalid, "line 1, column 6: "},
      {"a: @b", Status::config_invalid, "line 1, column 4: "},
      {"? [a]\n: b", Status::config_invalid,
       "line 1, column 3: got an object or an array as a key"},
      {"{{a: b}: c}", Status::config_invalid,
       "line 1, column 2: got an object or an array as a key"},
      {"a: 1\n---\nb: 2", Status::config_invalid, "got a second document"},
      {"a: \xFF", Status::config_invalid, "got bytes that are not UTF-8"},
      {{"a: \0", 4}, Status::config_invalid, "got bytes that are not UTF-8, or zero"},
      {"\"\\ud800\"", Status::config_invalid, "line 1, column "},
  });
}
