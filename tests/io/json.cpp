// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "samples.hpp"

#include <doctest/doctest.h>
#include <qfmt/io/json.hpp>

using qfmt::Status;
using qfmt::io::parse_json;

TEST_CASE("documents are read as they are") {
  auto const json = parse_json(R"( {"b": [1, -2, 2.5, true, false, null, "\u00e9\ud83d\ude00"], "a": {}, "c": 18446744073709551615} )", "f");
  REQUIRE(json.ok());
  CHECK(json->dump() == "{\"a\":{},\"b\":[1,-2,2.5,true,false,null,\"\xC3\xA9\xF0\x9F\x98\x80\"],\"c\":18446744073709551615}");
  CHECK(parse_json("[]", "f").ok());
  CHECK(parse_json("1", "f").ok());
}

TEST_CASE("what is not JSON is refused with its place") {
  struct Row {
    std::string text;
    Status status;
    char const* place;
  };
  Row const rows[] = {
      {"", Status::json_syntax, "got the end of the text, expected valid JSON (byte 0)"},
      {"{\"a\":1", Status::json_syntax, "got the end of the text"},
      {"{\"a\":1,}", Status::json_syntax, "got '}', expected valid JSON (byte 7)"},
      {"{} {}", Status::json_syntax, "(byte 3)"},
      {"{\"a\":01}", Status::json_syntax, "(byte"},
      {"{\"a\":NaN}", Status::json_syntax, "got 'N', expected valid JSON (byte 5)"},
      {"{\"a\":Infinity}", Status::json_syntax, "got 'I'"},
      {"{\"a\":1e999}", Status::json_syntax, "(byte"},
      {"{/**/}", Status::json_syntax, "(byte 1)"},
      {{"{}\0", 3}, Status::json_syntax, "got '\\x00', expected valid JSON (byte 2)"},
      {{"1 \0 and more", 12}, Status::json_syntax, "got '\\x00'"},
      {"{'a':1}", Status::json_syntax, "(byte 1)"},
      {"{\"a\n\":1}", Status::json_syntax, "got '\\x0a'"},
      {"{\"\\ud800\":1}", Status::json_syntax, "(byte"},
      {"\xEF\xBB\xBF{}", Status::json_syntax, "byte-order mark"},
      {"{\"a\":\"\xC0\xAF\"}", Status::json_syntax, "(byte 6)"},
      {"{\"a\":1,\"a\":1}", Status::duplicate_key, "got the key 'a' twice in one object (byte"},
      {"{\"a\":1,\"\\u0061\":1}", Status::duplicate_key, "got the key 'a' twice"},
      {"[{\"x\":{\"k\":1,\"k\":2}}]", Status::duplicate_key, "'k'"},
      {std::string(33, '[') + std::string(33, ']'), Status::json_too_deep, "more than 32 levels of nesting (byte 32)"},
      {std::string(100000, '['), Status::json_too_deep, "more than 32 levels"},
  };
  for (Row const& row : rows) CHECK_MESSAGE(samples::verdict(parse_json(row.text, "dir/config.json"), row.status, row.place) == "", row.text.substr(0, 40));
  CHECK(parse_json("{", "dir/config.json").error().message.find("dir/config.json: ") == 0);
}

TEST_CASE("depth is counted to the brim, keys may repeat in different objects") {
  CHECK(parse_json(std::string(32, '[') + std::string(32, ']'), "f").ok());
  CHECK(parse_json(R"({"a":{"a":{"a":[{"a":1},{"a":2}]}}})", "f").ok());
  CHECK(parse_json("[[1]]", "f", 1).status() == Status::json_too_deep);
}

TEST_CASE("one key replaced, the rest is as it was") {
  std::string const text = R"({
  "architectures": [
    "LlamaForCausalLM"
  ],
  "rms_norm_eps": 1e-05,
  "rope_theta": 500000.0,
  "vocab_size": 128256
}
)";
  auto json = parse_json(text, "config.json");
  REQUIRE(json.ok());
  CHECK(json->dump(2) + "\n" == text);
  (*json)["vocab_size"] = 7;
  CHECK(parse_json(json->dump(), "config.json")->at("rms_norm_eps") == 1e-05);
}
