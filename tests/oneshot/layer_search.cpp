// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "oneshot/named_weights.hpp"

using namespace qfmt;
using namespace qfmt::oneshot;
using test::NamedWeights;

namespace {

Result<FoundLayers> find(NamedWeights const& model, std::vector<std::string> const& fp8_targets,
                         std::vector<std::string> const& int4_targets,
                         std::vector<std::string> const& ignore = {}) {
  std::vector<Assignment<Serial>> const assignments{{test::fp8(), *parse_patterns(fp8_targets)},
                                                    {test::int4(), *parse_patterns(int4_targets)}};
  return find_layers(model.checkpoint(), {{}, *parse_patterns(ignore)}, assignments);
}

/// Empty if the search fails like this.
std::string refused(Result<FoundLayers> const& found, Status status, std::string const& what) {
  if (found)
    return "found";
  bool const says = found.error().message.find(what) != std::string::npos;
  return found.status() == status && says ? "" : found.error().to_string();
}

}  // namespace

TEST_CASE("layers by the names of their weights, and what is left") {
  NamedWeights const model{{"m.o_proj", "m.down_proj", "m.embed_tokens", "lm_head", "m.norm"}};
  auto const found = find(model, {}, {"re:.*down"});
  REQUIRE(found);
  REQUIRE(found->layers.size() == 2);
  CHECK(found->layers[0].module == "m.down_proj");
  CHECK(found->layers[0].assignment == 1);
  CHECK(found->layers[1].weight == "m.o_proj.weight");
  CHECK(found->layers[1].assignment == 0);
  CHECK(found->layers[1].shape == Shape{4, 8});
  CHECK(found->ignored == std::vector<std::string>{"lm_head"});
  CHECK(found->embeddings == std::vector<std::string>{"m.embed_tokens"});
  CHECK(found->warnings.empty());
}

TEST_CASE("a tied head is a module without a tensor") {
  NamedWeights const model{{"m.o_proj"}};
  CHECK(find(model, {}, {"m.o_proj"})->ignored == std::vector<std::string>{"lm_head"});
}

TEST_CASE("targets that name a layer twice, or none") {
  NamedWeights const model{{"m.q_proj", "m.o_proj"}};
  CHECK(
      refused(find(model, {"re:.*o_proj"}, {"m.o_proj"}), Status::config_invalid,
              "layer 'm.o_proj': got the schemes of 're:.*o_proj' and 'm.o_proj', expected one") ==
      "");
  CHECK(refused(find(model, {}, {"re:.*up_proj"}), Status::nothing_to_do,
                "the target 're:.*up_proj' matches no layer") == "");
  CHECK(refused(find(model, {"m.o_proj"}, {"m.q_proj"}, {"re:.*"}), Status::nothing_to_do,
                "no layer is selected") == "");
}

TEST_CASE("experts in one tensor are refused, or left as they are with a word") {
  NamedWeights const model{{"m.o_proj", "lm_head"}, "m.experts.gate_up_proj"};
  CHECK(refused(find(model, {}, {"re:.*o_proj"}), Status::rank_unsupported,
                "'m.experts.gate_up_proj': got the weights of all experts in one tensor of shape "
                "[2, 4, 8], expected a matrix for each expert\nto leave them as they are: --ignore "
                "m.experts.gate_up_proj") == "");
  auto const left = find(model, {}, {"re:.*o_proj"}, {"re:.*experts"});
  REQUIRE(left);
  CHECK(left->ignored == std::vector<std::string>{"lm_head", "m.experts.gate_up_proj"});
  REQUIRE(left->warnings.size() == 1);
  CHECK(left->warnings[0].find("'m.experts.gate_up_proj' of shape [2, 4, 8] is left") !=
        std::string::npos);
}
