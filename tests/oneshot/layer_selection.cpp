// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/oneshot/layer_selection.hpp>

using namespace qfmt::oneshot;

namespace {
LayerSelection selection(std::vector<std::string> const& targets, std::vector<std::string> const& ignore) {
  return {*parse_patterns(targets), *parse_patterns(ignore)};
}
}  // namespace

TEST_CASE("names of published models are judged right") {
  for (char const* linear : {"model.layers.0.self_attn.q_proj", "model.layers.31.mlp.gate_proj", "model.layers.3.block_sparse_moe.experts.7.w1",
                             "transformer.h.0.mlp.c_fc", "model.layers.0.mlp.shared_expert.up_proj", "model.layers.0.self_attn.kv_a_proj_with_mqa"}) {
    CAPTURE(linear);
    CHECK(module_kind(linear) == ModuleKind::linear);
  }
  CHECK(module_kind("lm_head") == ModuleKind::head);
  CHECK(module_kind("model.language_model.lm_head") == ModuleKind::head);
  CHECK(module_kind("model.embed_tokens") == ModuleKind::embedding);
  CHECK(module_kind("transformer.wte") == ModuleKind::embedding);
  CHECK(module_kind("model.layers.0.input_layernorm") == ModuleKind::norm);
  CHECK(module_kind("model.norm") == ModuleKind::norm);
  CHECK(module_kind("model.layers.0.mlp.gate") == ModuleKind::router);
  CHECK(module_kind("model.layers.0.block_sparse_moe.gate") == ModuleKind::router);
  CHECK(module_kind("model.layers.0.feed_forward.router") == ModuleKind::router);
  CHECK(module_kind("model.layers.0.mlp.shared_expert_gate") == ModuleKind::router);
}

TEST_CASE("by default every linear layer is selected and nothing else") {
  LayerSelection const all = selection({}, {});
  CHECK(all("model.layers.0.mlp.up_proj"));
  CHECK_FALSE(all("lm_head"));
  CHECK_FALSE(all("model.embed_tokens"));
  CHECK_FALSE(all("model.layers.0.mlp.gate"));
}

TEST_CASE("targets choose, ignore wins") {
  CHECK(selection({"lm_head"}, {})("lm_head"));
  CHECK_FALSE(selection({"lm_head"}, {})("model.layers.0.mlp.up_proj"));
  CHECK(selection({"Linear"}, {})("model.layers.0.mlp.up_proj"));
  CHECK_FALSE(selection({"Linear"}, {})("lm_head"));
  CHECK(selection({"Linear", "lm_head"}, {})("lm_head"));
  CHECK_FALSE(selection({"re:.*up_proj"}, {"re:model"})("model.layers.0.mlp.up_proj"));
  CHECK_FALSE(selection({}, {"re:.*down_proj$"})("model.layers.0.mlp.down_proj"));
  CHECK(selection({}, {"re:.*down_proj$"})("model.layers.0.mlp.up_proj"));
}

TEST_CASE("fused layers share a group, others do not") {
  CHECK(fused_group("model.layers.0.self_attn.q_proj") == fused_group("model.layers.0.self_attn.v_proj"));
  CHECK(fused_group("model.layers.0.self_attn.q_proj") != fused_group("model.layers.1.self_attn.v_proj"));
  CHECK(fused_group("model.layers.0.self_attn.q_proj") != fused_group("model.layers.0.self_attn.o_proj"));
  CHECK(fused_group("model.layers.0.mlp.gate_proj") == fused_group("model.layers.0.mlp.up_proj"));
  CHECK(fused_group("model.layers.0.mlp.gate_proj") != fused_group("model.layers.0.mlp.down_proj"));
  CHECK(fused_group("model.layers.0.moe.experts.1.w1") == fused_group("model.layers.0.moe.experts.1.w3"));
  CHECK(fused_group("model.layers.0.moe.experts.1.w1") != fused_group("model.layers.0.moe.experts.2.w3"));
  CHECK(fused_group("q_proj") == fused_group("k_proj"));
}

TEST_CASE("a tensor's name is a module and its parameter") {
  CHECK(qfmt::oneshot::owner_of("a.b.weight") == "a.b");
  CHECK(qfmt::oneshot::parameter_of("a.b.weight") == "weight");
  CHECK(qfmt::oneshot::parameter_of("weight") == "weight");
}
