// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/oneshot/recipe_object.hpp>

using namespace qfmt;
using namespace qfmt::oneshot;

TEST_CASE(
    "values are read where they are there, and named where they are not what they should be") {
  auto const json = detail::OrderedJson::parse(
      R"({"text": "a", "texts": ["b", "c"], "whole": 4, "real": 0.5, "flag": true, "null": null})");
  detail::RecipeObject const object{json, "r: X"};
  std::string text = "before";
  std::vector<std::string> texts;
  index_t whole = 1;
  double real = 1.0;
  bool flag = false;
  REQUIRE(object.read("text", text));
  CHECK(text == "a");
  REQUIRE(object.read("texts", texts));
  CHECK(texts == std::vector<std::string>{"b", "c"});
  REQUIRE(object.read("text", texts));
  CHECK(texts == std::vector<std::string>{"a"});
  REQUIRE(object.read("whole", whole, 1));
  CHECK(whole == 4);
  REQUIRE(object.read("real", real, 0.0, 1.0));
  CHECK(real == 0.5);
  REQUIRE(object.read("flag", flag));
  CHECK(flag);
  REQUIRE(object.read("null", text));
  REQUIRE(object.read("absent", text));
  CHECK(text == "a");
  CHECK(object.read("whole", text).error().to_string() ==
        "config_invalid: r: X.whole: got 4, expected a text");
  CHECK(object.read("whole", whole, 5).status() == Status::config_invalid);
  CHECK(object.read("real", real, 0.6, 1.0).status() == Status::config_invalid);
  CHECK(object.read("whole", flag).status() == Status::config_invalid);
}

TEST_CASE("keys: known, known to others, unknown") {
  auto const json = detail::OrderedJson::parse(R"({"block_siz": 1})");
  detail::RecipeObject const object{json, "r"};
  auto const unknown = object.check_keys({"targets", "block_size"});
  CHECK(unknown.error().message ==
        "r: got the key 'block_siz', expected 'block_size' or another known one");
  CHECK(object.check_keys({"block_siz"}));
  CHECK(object.check_keys({"x"}, {"block_siz"}).status() == Status::unsupported);
  auto const list = detail::OrderedJson::parse("[]");
  CHECK(detail::RecipeObject{list, "r"}.check_keys({}).status() == Status::config_invalid);
}
