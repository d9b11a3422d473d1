// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/oneshot/layer_groups.hpp>

using qfmt::Status;
using qfmt::io::QuantizationConfig;
using qfmt::oneshot::LayerGroups;

namespace {

QuantizationConfig config(std::vector<std::vector<std::string>> const& targets,
                          std::vector<std::string> const& ignore = {}) {
  QuantizationConfig config;
  for (auto const& list : targets) {
    config.groups.emplace_back();
    config.groups.back().targets = list;
  }
  config.ignore = ignore;
  return config;
}

/// The position of the group of a module, -1 for none.
int group(QuantizationConfig const& config, std::string const& module,
          std::string const& class_name = "Linear") {
  auto const found = LayerGroups::create(config)->find(module, class_name);
  return found ? static_cast<int>(*found) : -1;
}

}  // namespace

TEST_CASE("a name comes before a pattern, a pattern before a class") {
  auto const all = config({{"Linear"}, {"re:.*q_proj"}, {"m.q_proj"}});
  CHECK(group(all, "m.q_proj") == 2);
  CHECK(group(all, "n.q_proj") == 1);
  CHECK(group(all, "n.k_proj") == 0);
  CHECK(group(all, "m.embed", "Embedding") == -1);
  CHECK(group(config({{"m.q_proj"}, {"re:.*"}, {"Linear"}}), "m.q_proj") == 0);
}

TEST_CASE("among patterns the first by its text, of equal ones the last group") {
  // As compressed-tensors 0.20 was seen to choose.
  CHECK(group(config({{"re:.*b"}, {"re:.*a"}}), "ab.ab") == 1);
  CHECK(group(config({{"re:.*a"}, {"re:.*b"}}), "ab.ab") == 0);
  CHECK(group(config({{"Linear"}, {"Linear"}}), "m") == 1);
  CHECK(group(config({{"re:m"}, {"re:m"}, {"re:n"}}), "m") == 1);
}

TEST_CASE("what is ignored belongs to no group") {
  auto const some = config({{"Linear", "lm_head"}}, {"lm_head", "re:.*gate$"});
  CHECK(group(some, "lm_head") == -1);
  CHECK(group(some, "m.gate") == -1);
  CHECK(group(some, "m.gate_proj") == 0);
  CHECK(group(config({{"re:.*"}}, {"Embedding"}), "m", "Embedding") == -1);
  CHECK(group(config({{"re:.*"}}, {"Embedding"}), "m") == 0);
}

TEST_CASE("a pattern that is none is an error") {
  CHECK(LayerGroups::create(config({{"re:("}})).status() == Status::pattern_invalid);
  CHECK(LayerGroups::create(config({{"Linear"}}, {"re:["})).status() == Status::pattern_invalid);
}
