// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "calibration.hpp"

#include <algorithm>

namespace llama {

using namespace qfmt;
using calibration::Activation;
using calibration::Activations;

namespace {

/// The linear layers of a decoder layer, in the order of their numbers.
struct Part {
  char const* name;
  char const* fused;  // null: alone
  LinearInput input;
  SharedLinear DecoderLayer::*layer;
};
constexpr Part parts[] = {
    {"self_attn.q_proj", "self_attn.qkv", LinearInput::qkv, &DecoderLayer::q},
    {"self_attn.k_proj", "self_attn.qkv", LinearInput::qkv, &DecoderLayer::k},
    {"self_attn.v_proj", "self_attn.qkv", LinearInput::qkv, &DecoderLayer::v},
    {"self_attn.o_proj", nullptr, LinearInput::o, &DecoderLayer::o},
    {"mlp.gate_proj", "mlp.gate_up", LinearInput::gate_up, &DecoderLayer::gate},
    {"mlp.up_proj", "mlp.gate_up", LinearInput::gate_up, &DecoderLayer::up},
    {"mlp.down_proj", nullptr, LinearInput::down, &DecoderLayer::down},
};
constexpr std::size_t inputs_of_layer = 4;

std::shared_ptr<Activation const> activation(Matrix const& matrix) {
  auto const view = matrix.view();
  return std::make_shared<Activation>(
      Activation{view.shape, {view.data, view.data + view.shape.size()}});
}

Shape shape_of(Config const& c, std::string_view part) {
  auto const is = [&](std::string_view ending) { return part.ends_with(ending); };
  if (is("q_proj"))
    return {c.query_size(), c.hidden_size};
  if (is("k_proj") || is("v_proj"))
    return {c.key_value_size(), c.hidden_size};
  if (is("o_proj"))
    return {c.hidden_size, c.query_size()};
  if (is("down_proj"))
    return {c.hidden_size, c.intermediate_size};
  return {c.intermediate_size, c.hidden_size};
}

}  // namespace

Result<CalibrationModel> CalibrationModel::load(std::filesystem::path const& directory,
                                                ThreadPool& threads) {
  auto checkpoint = io::Checkpoint::open(directory);
  if (!checkpoint)
    return checkpoint.error();
  if (checkpoint->config().contains("quantization_config"))
    return Error{Status::unsupported,
                 directory.string() + ": got a quantized model, expected a dense one"};
  auto model = Model::load(directory);
  if (!model)
    return model.error();
  return CalibrationModel{*std::move(model), *std::move(checkpoint), threads};
}

CalibrationModel::CalibrationModel(Model model, io::Checkpoint checkpoint, ThreadPool& threads)
    : model_{std::move(model)}, checkpoint_{std::move(checkpoint)}, threads_{&threads} {
  for (std::size_t i = 0; i < model_.layers().size(); ++i) {
    std::string const prefix = "model.layers." + std::to_string(i) + ".";
    for (Part const& part : parts) {
      layers_.push_back({prefix + part.name, shape_of(config(), part.name), i + 1,
                         inputs_of_layer * i + static_cast<std::size_t>(part.input),
                         part.fused == nullptr ? "" : prefix + part.fused});
    }
  }
}

std::size_t CalibrationModel::subgraphs() const {
  return 1 + layers_.size() / std::size(parts);
}

Result<Activations> CalibrationModel::forward(std::size_t subgraph, Activations const& inputs,
                                              calibration::InputHook const& hook) {
  auto const tokens = inputs.find("tokens");
  if (tokens == inputs.end())
    return Error{Status::invalid_argument, "got no tokens"};
  if (subgraph == 0) {
    std::vector<Token> ids;
    for (float const id : tokens->second->values) ids.push_back(static_cast<Token>(id));
    auto const hidden = model_.embed(ids, *threads_);
    if (!hidden)
      return hidden.error();
    return Activations{{"tokens", tokens->second}, {"hidden", activation(*hidden)}};
  }
  auto const before = inputs.find("hidden");
  if (before == inputs.end())
    return Error{Status::invalid_argument, "got no hidden states"};
  Matrix hidden{before->second->shape};
  std::ranges::copy(before->second->values, hidden.row(0));
  InputWatcher watcher;
  if (hook) {
    watcher = [&](LinearInput input, MatrixView<float const> x) {
      return hook(inputs_of_layer * (subgraph - 1) + static_cast<std::size_t>(input), x);
    };
  }
  auto const after = model_.decode(subgraph - 1, std::move(hidden), tokens->second->shape.rows,
                                   watcher, *threads_);
  if (!after)
    return after.error();
  return Activations{{"tokens", tokens->second}, {"hidden", activation(*after)}};
}

Result<calibration::Weight> CalibrationModel::weight(std::size_t layer) const {
  auto const found = changed_.find(layer);
  if (found != changed_.end())
    return found->second;
  return load_weight(checkpoint_, layers_[layer].name, layers_[layer].shape);
}

Result<void> CalibrationModel::set_weight(std::size_t layer, calibration::Weight weight) {
  changed_[layer] = weight;
  DecoderLayer& decoder = model_.layers()[layer / std::size(parts)];
  decoder.*parts[layer % std::size(parts)].layer =
      dense_linear(layers_[layer].name, std::move(weight));
  return {};
}

static_assert(calibration::CalibrationModel<CalibrationModel>);

}  // namespace llama
