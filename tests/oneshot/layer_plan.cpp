// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// What jobs are refused, and copied tensors, is tested with whole jobs in model_free.cpp; here, who
// gets which scheme.

#include <doctest/doctest.h>

#include <qfmt/oneshot/layer_plan.hpp>

#include "oneshot/named_weights.hpp"

using qfmt::Serial;
using qfmt::Status;
using qfmt::io::ActivationScale;
using qfmt::oneshot::Assignment;
using qfmt::oneshot::InputScales;
using qfmt::oneshot::LayerPlan;
using qfmt::oneshot::LayerSelection;
using qfmt::oneshot::parse_patterns;
using Model = qfmt::test::NamedWeights;
using qfmt::test::fp8;
using qfmt::test::int4;

namespace {

struct Wish {
  std::vector<Assignment<Serial>> assignments;
  LayerSelection selection;
  InputScales inputs;
};

Wish wish(std::vector<std::string> const& fp8_targets, std::vector<std::string> const& int4_targets,
          std::vector<std::string> const& ignore = {}) {
  return {{{fp8(), *parse_patterns(fp8_targets)}, {int4(), *parse_patterns(int4_targets)}},
          {{}, *parse_patterns(ignore)},
          {}};
}

auto plan(Model const& model, Wish const& wish) {
  return LayerPlan<Serial>::create(model.checkpoint(), wish.selection, wish.assignments,
                                   wish.inputs);
}

/// "a:FP8_DYNAMIC b:W4A16", by name.
std::string schemes(LayerPlan<Serial> const& plan) {
  std::string text;
  for (auto const& layer : plan.layers())
    text += (text.empty() ? "" : " ") + layer.module + ":" + plan.scheme(layer).name;
  return text;
}

/// Empty if the plan fails like this; messages have several lines where they list layers.
std::string refused(Model const& model, Wish const& wish, Status status, std::string const& what) {
  auto const made = plan(model, wish);
  if (made)
    return schemes(*made);
  bool const says = made.error().message.find(what) != std::string::npos;
  return made.status() == status && says ? "" : made.error().to_string();
}

}  // namespace

TEST_CASE("layers that a scheme names get it, all others the scheme that names none") {
  Model const model{{"m.o_proj", "m.down_proj", "m.embed_tokens", "lm_head", "m.norm"}};
  auto const some = wish({}, {"re:.*down", "lm_head"});
  auto const made = plan(model, some);
  REQUIRE(made.ok());
  CHECK(schemes(*made) == "lm_head:W4A16 m.down_proj:W4A16 m.o_proj:FP8_DYNAMIC");
  auto const config = made->quantization_config();
  REQUIRE(config.groups.size() == 2);
  CHECK(config.format == "mixed-precision");
  CHECK(config.groups[0].name == "group_0");
  CHECK(config.groups[0].targets == std::vector<std::string>{"Linear"});
  CHECK(config.groups[1].targets == std::vector<std::string>{"re:.*down", "lm_head"});
  CHECK(config.groups[1].format == "pack-quantized");
  CHECK(config.ignore.empty());

  // Without one for all others, they are left; a scheme without layers is no group.
  auto const only = wish({"re:.*nothing|.*o_proj"}, {"m.down_proj"}, {"re:.*o_proj"});
  auto const left = plan(model, only);
  REQUIRE(left.ok());
  CHECK(schemes(*left) == "m.down_proj:W4A16");
  CHECK(left->quantization_config().groups.size() == 1);
  CHECK(left->quantization_config().format == "pack-quantized");
  CHECK(left->quantization_config().ignore == std::vector<std::string>{"lm_head", "m.o_proj"});
}

TEST_CASE("an embedding that is quantized is a target, one that is not is ignored") {
  Model const model{{"m.o_proj", "m.embed_tokens", "m.wpe", "lm_head"}};
  Wish one = wish({}, {"re:never"});
  one.assignments.pop_back();
  one.selection.targets = *parse_patterns({"Linear", "m.embed_tokens"});
  auto const made = plan(model, one);
  REQUIRE(made.ok());
  auto const config = made->quantization_config();
  CHECK(config.groups[0].targets == std::vector<std::string>{"Linear", "m.embed_tokens"});
  CHECK(config.ignore == std::vector<std::string>{"lm_head", "m.wpe"});
}

TEST_CASE("what servers could not read is refused") {
  Model const model{{"m.q_proj", "m.k_proj", "m.v_proj", "m.o_proj", "lm_head"}};
  CHECK(refused(model, wish({}, {"re:.*k_proj"}), Status::config_invalid,
                "layers 'm.k_proj' and 'm.q_proj' are served as one matrix: got W4A16 and "
                "FP8_DYNAMIC, expected one scheme") == "");
  // Only some of them: a warning.
  auto const some = wish({}, {"re:.*o_proj"}, {"m.v_proj"});
  auto const made = plan(model, some);
  REQUIRE(made.ok());
  REQUIRE(made->warnings().size() == 1);
  CHECK(
      made->warnings()[0] ==
      "layers 'm.k_proj' and 'm.v_proj' are served as one matrix, and only the first is quantized");
}

TEST_CASE("static inputs need what calibration has found, and bring it along") {
  Model const model{{"m.o_proj", "m.up_proj", "lm_head"}};
  Wish calibrated = wish({}, {"re:never"});
  calibrated.assignments.pop_back();
  calibrated.assignments[0].scheme.data_free = "OTHER";
  calibrated.inputs = [](std::string const& module) -> std::optional<ActivationScale> {
    ActivationScale scale;
    scale.scales = {0.5f};
    return module == "m.o_proj" ? std::optional{scale} : std::nullopt;
  };
  CHECK(refused(model, calibrated, Status::needs_calibration,
                "FP8_DYNAMIC: got no input activation scales of 'm.up_proj'; without data, use "
                "OTHER") == "");
  calibrated.selection.ignore = *parse_patterns({"m.up_proj"});
  auto const made = plan(model, calibrated);
  REQUIRE(made.ok());
  auto const parts = made->parts_of(made->layers()[0]);
  REQUIRE(parts.size() == 2);
  CHECK(parts[1].suffix == "input_scale");
  CHECK(parts[1].dtype == qfmt::io::Dtype::F32);  // the layer's
  CHECK(made->inputs_of(made->layers()[0]).size() == 1);

  calibrated.assignments[0].scheme.has_global = true;
  CHECK(refused(model, calibrated, Status::invalid_argument,
                "layer 'm.o_proj': input scales: expected a global scale alone") == "");
}
