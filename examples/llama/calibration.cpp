// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "calibration.hpp"

#include <algorithm>

#include <qfmt/oneshot/weight_bytes.hpp>

namespace llama {

using namespace qfmt;
using calibration::Activation;
using calibration::Activations;

namespace {

/// The linear layers of a decoder layer, in the order of their numbers.
struct Part {
  char const* name;
  char const* fused;  // null: alone
  Watched input;
  SharedLinear DecoderLayer::*layer;
};
constexpr Part parts[] = {
    {"self_attn.q_proj", "self_attn.qkv", Watched::qkv, &DecoderLayer::q},
    {"self_attn.k_proj", "self_attn.qkv", Watched::qkv, &DecoderLayer::k},
    {"self_attn.v_proj", "self_attn.qkv", Watched::qkv, &DecoderLayer::v},
    {"self_attn.o_proj", nullptr, Watched::o, &DecoderLayer::o},
    {"mlp.gate_proj", "mlp.gate_up", Watched::gate_up, &DecoderLayer::gate},
    {"mlp.up_proj", "mlp.gate_up", Watched::gate_up, &DecoderLayer::up},
    {"mlp.down_proj", nullptr, Watched::down, &DecoderLayer::down},
};
constexpr std::size_t inputs_of_layer = 6;  // as Watched has them

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
    watcher = [&](Watched input, MatrixView<float const> x) {
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

std::optional<calibration::InputSource> CalibrationModel::source(std::size_t input) const {
  std::size_t const index = input / inputs_of_layer;
  std::string const prefix = "model.layers." + std::to_string(index) + ".";
  auto const norm = [&](char const* name) {
    return calibration::InputSource{prefix + name, {}, {prefix + name + ".weight"}};
  };
  auto const layer = [&](std::size_t part) {
    std::size_t const number = index * std::size(parts) + part;
    return calibration::InputSource{layers_[number].name, number, {}};
  };
  switch (static_cast<Watched>(input % inputs_of_layer)) {
    case Watched::qkv:
      return norm("input_layernorm");
    case Watched::gate_up:
      return norm("post_attention_layernorm");
    case Watched::o: {
      auto values = layer(2);
      values.head_size = config().head_dim;
      values.is_repeated = config().num_key_value_heads != config().num_attention_heads;
      return values;
    }
    case Watched::down:
      return layer(5);
    case Watched::keys:
    case Watched::values:
      break;
  }
  return {};
}

std::vector<calibration::KvCache> CalibrationModel::kv_caches() const {
  std::vector<calibration::KvCache> caches;
  for (std::size_t i = 0; i < layers_.size() / std::size(parts); ++i) {
    auto const input = [i](Watched what) {
      return inputs_of_layer * i + static_cast<std::size_t>(what);
    };
    caches.push_back({"model.layers." + std::to_string(i) + ".self_attn", input(Watched::keys),
                      input(Watched::values)});
  }
  return caches;
}

calibration::ResidualStream CalibrationModel::residual_stream() const {
  calibration::ResidualStream stream{
      "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight", {}, {}};
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    std::string_view const name = parts[i % std::size(parts)].name;
    if (name.ends_with("o_proj") || name.ends_with("down_proj"))
      stream.writers.push_back(i);
  }
  return stream;
}

Result<calibration::Weight> CalibrationModel::tensor(std::string const& name) const {
  if (auto const found = tensors_.find(name); found != tensors_.end())
    return found->second;
  if (name == "lm_head.weight" && config().tie_word_embeddings)
    return tensor("model.embed_tokens.weight");
  io::TensorInfo const* const info = checkpoint_.find(name);
  if (info == nullptr || info->shape.empty() || info->shape.size() > 2)
    return Error{Status::checkpoint_incomplete, "tensor " + quoted(name) + " is missing"};
  io::Bytes bytes(static_cast<std::size_t>(info->bytes()));
  if (auto read = checkpoint_.read(*info, bytes); !read)
    return read.error();
  Shape const shape{static_cast<index_t>(info->shape[0]),
                    info->shape.size() == 2 ? static_cast<index_t>(info->shape[1]) : 1};
  return oneshot::make_weight(info->dtype, shape, bytes);
}

Result<void> CalibrationModel::set_tensor(std::string const& name, calibration::Weight values) {
  std::vector<float> floats;
  values.visit([&](auto view) {
    for (index_t i = 0; i < view.shape.size(); ++i) floats.push_back(to_float(view.data[i]));
  });
  tensors_[name] = values;
  auto const is_norm_of = [&](std::size_t i, char const* norm) {
    return name == "model.layers." + std::to_string(i) + "." + norm + ".weight";
  };
  if (name == "model.embed_tokens.weight") {
    model_.set_embedding(dense_linear("model.embed_tokens", std::move(values)));
    return {};
  }
  if (name == "lm_head.weight") {
    model_.set_head(dense_linear("lm_head", std::move(values)));
    return {};
  }
  if (name == "model.norm.weight") {
    model_.set_norm(std::move(floats));
    return {};
  }
  for (std::size_t i = 0; i < model_.layers().size(); ++i) {
    if (is_norm_of(i, "input_layernorm")) {
      model_.layers()[i].input_norm = std::move(floats);
      return {};
    }
    if (is_norm_of(i, "post_attention_layernorm")) {
      model_.layers()[i].attention_norm = std::move(floats);
      return {};
    }
  }
  tensors_.erase(name);
  return Error{Status::invalid_argument,
               "tensor " + quoted(name) + ": the model has none of this name"};
}

static_assert(calibration::CalibrationModel<CalibrationModel> &&
              calibration::TransformableModel<CalibrationModel>);

}  // namespace llama
