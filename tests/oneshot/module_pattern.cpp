// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/oneshot/module_pattern.hpp>

using qfmt::Status;
using qfmt::oneshot::ModulePattern;
using qfmt::oneshot::parse_patterns;

namespace {
bool matches(std::string const& pattern, std::string_view module) {
  auto const parsed = ModulePattern::parse(pattern);
  REQUIRE(parsed);
  return parsed->matches(module);
}
}  // namespace

TEST_CASE("an exact name matches itself only") {
  CHECK(matches("model.layers.0.mlp.up_proj", "model.layers.0.mlp.up_proj"));
  CHECK_FALSE(matches("model.layers.0.mlp.up_proj", "model.layers.0.mlp.up_proj2"));
  CHECK_FALSE(matches("up_proj", "model.layers.0.mlp.up_proj"));
  CHECK_FALSE(matches("model.layers.0.mlp.up.proj", "model.layers.0.mlp.up_proj"));
  CHECK_FALSE(matches("model_layers", "model.layers"));  // no pattern characters in exact names
}

TEST_CASE("re: is anchored at the start and open at the end, as Python's re.match") {
  CHECK(matches("re:model", "model.layers.0"));
  CHECK(matches("re:.*up_proj", "model.layers.0.mlp.up_proj"));
  CHECK(matches("re:.*up_proj", "model.layers.0.mlp.up_proj.extra"));
  CHECK_FALSE(matches("re:.*up_proj$", "model.layers.0.mlp.up_proj.extra"));
  CHECK_FALSE(matches("re:up_proj", "model.layers.0.mlp.up_proj"));
  CHECK(matches("re:a|b", "bc"));  // the anchor holds for every alternative
  CHECK_FALSE(matches("re:a|b", "cb"));
  CHECK(matches("re:", "anything"));
}

TEST_CASE("a hostile pattern takes linear time") {
  std::string const module(20000, 'a');
  CHECK_FALSE(matches("re:(a+)+$x", module));
}

TEST_CASE("invalid patterns are named errors") {
  CHECK(ModulePattern::parse("re:(").status() == Status::pattern_invalid);
  CHECK(ModulePattern::parse("re:(").error().message.find("'re:('") != std::string::npos);
  auto const split = ModulePattern::parse("re:(?\n)");  // RE2's reason repeats the line break
  CHECK(split.error().message.find('\n') == std::string::npos);
  CHECK(ModulePattern::parse("re:a(?=b)").status() == Status::pattern_invalid);  // RE2 has no look-ahead
  CHECK(ModulePattern::parse("").status() == Status::pattern_invalid);
  CHECK(parse_patterns({"a", "re:["}).status() == Status::pattern_invalid);
  CHECK(parse_patterns({"a", "re:b"})->size() == 2);
}

TEST_CASE("Linear is the class name") {
  CHECK(ModulePattern::parse("Linear")->is_linear_class());
  CHECK_FALSE(ModulePattern::parse("re:Linear")->is_linear_class());
}
