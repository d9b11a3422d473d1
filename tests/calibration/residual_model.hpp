// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "calibration/mlp_model.hpp"

namespace qfmt::test {

/// A model that transforms can change: an embedding, which is the head, too; one block of
/// x += o(v(norm(x))) and x += down(relu(gate(norm(x))) * up(norm(x))); a last norm. Three subgraphs.
class ResidualModel {
 public:
  static constexpr index_t hidden = 64, inner = 96, vocabulary = 20, head_size = 16;
  enum LayerNumber : std::size_t { v, o, gate, up, down };

  ResidualModel() {
    add("v_proj", {hidden, hidden}, 0, "");
    add("o_proj", {hidden, hidden}, 1, "");
    add("gate_proj", {inner, hidden}, 2, "gate_up");
    add("up_proj", {inner, hidden}, 2, "gate_up");
    add("down_proj", {hidden, inner}, 3, "");
    for (char const* const norm : {"norm_1.weight", "norm_2.weight", "norm.weight"})
      tensors_[norm] = random({hidden, 1}, tensors_.size() + 50, 0.4f, 1.0f);
    tensors_["embedding.weight"] = random({vocabulary, hidden}, 60, 1.0f, 0.0f);
  }

  [[nodiscard]] std::vector<calibration::LinearLayer> layers() const { return layers_; }
  [[nodiscard]] std::size_t subgraphs() const { return 3; }
  Result<calibration::Weight> weight(std::size_t layer) { return weights_[layer]; }
  Result<void> set_weight(std::size_t layer, calibration::Weight weight) {
    weights_[layer] = std::move(weight);
    return {};
  }

  std::optional<calibration::InputSource> source(std::size_t input) {
    if (input == 1)
      return calibration::InputSource{"v_proj", v, {}, head_size, values_are_repeated};
    if (input == 3)
      return calibration::InputSource{"up_proj", up, {}};
    std::string const norm = input == 0 ? "norm_1" : "norm_2";
    return calibration::InputSource{norm, {}, {norm + ".weight"}};
  }
  /// Its attention looks at one token, and keeps what it reads as keys.
  std::vector<calibration::KvCache> kv_caches() { return {{"attention", 10, 11}}; }
  calibration::ResidualStream residual_stream() {
    return {"embedding.weight", "norm.weight", "head.weight", {o, down}, {}};
  }
  Result<calibration::Weight> tensor(std::string const& name) {
    auto const found = tensors_.find(name);
    if (found != tensors_.end())
      return found->second;
    if (name == "head.weight")
      return tensors_["embedding.weight"];
    return Error{Status::checkpoint_incomplete, quoted(name) + " is missing"};
  }
  Result<void> set_tensor(std::string const& name, calibration::Weight values) {
    tensors_[name] = std::move(values);
    return {};
  }
  [[nodiscard]] bool is_tied() const { return !tensors_.contains("head.weight"); }

  Result<calibration::Activations> forward(std::size_t subgraph,
                                           calibration::Activations const& inputs,
                                           calibration::InputHook const& hook) {
    calibration::Activation x = *inputs.begin()->second;
    if (subgraph == 0)
      return calibration::Activations{{"x", share(embed(x))}};
    if (subgraph == 2)
      return calibration::Activations{
          {"logits", share(product(normed(x, "norm.weight"), *tensor("head.weight")))}};
    Result<void> done;
    auto const watch = [&](std::size_t input, calibration::Activation const& seen) {
      if (hook && done)
        done = hook(input, seen.view());
    };
    auto const add_to = [&](calibration::Activation const& y) {
      for (std::size_t i = 0; i < x.values.size(); ++i) x.values[i] += y.values[i];
    };
    auto const first = normed(x, "norm_1.weight");
    watch(0, first);
    auto const values = product(first, weights_[v]);
    watch(10, first);
    watch(11, values);
    watch(1, values);
    add_to(product(values, weights_[o]));
    auto const second = normed(x, "norm_2.weight");
    watch(2, second);
    auto gated = product(second, weights_[gate]);
    auto const raised = product(second, weights_[up]);
    for (std::size_t i = 0; i < gated.values.size(); ++i)
      gated.values[i] = gated.values[i] > 0 ? gated.values[i] * raised.values[i] : 0;
    watch(3, gated);
    add_to(product(gated, weights_[down]));
    if (!done)
      return done.error();
    return calibration::Activations{{"x", share(std::move(x))}};
  }

  /// The logits of a batch.
  std::vector<float> logits(calibration::Batch const& batch) {
    auto flow = batch.inputs;
    for (std::size_t s = 0; s < 3; ++s) flow = *forward(s, flow, {});
    return flow.at("logits")->values;
  }

  /// So many tokens, one after the other.
  static calibration::Batch batch(index_t tokens, index_t first = 0) {
    calibration::Activation ids{{tokens, 1}, {}};
    for (index_t i = 0; i < tokens; ++i)
      ids.values.push_back(static_cast<float>((first + i) % vocabulary));
    return {{{"tokens", share(std::move(ids))}}, {}, 1};
  }

  static calibration::Weight random(Shape shape, uint64_t seed, float spread, float middle) {
    std::vector<float> values;
    for (index_t i = 0; i < shape.size(); ++i)
      values.push_back(middle + spread * MlpModel::uniform(seed, i));
    return {shape, std::move(values)};
  }

  bool values_are_repeated = false;

 private:
  static std::shared_ptr<calibration::Activation const> share(calibration::Activation x) {
    return std::make_shared<calibration::Activation const>(std::move(x));
  }
  void add(std::string const& name, Shape shape, std::size_t input, std::string const& fused) {
    weights_.push_back(random(shape, layers_.size() + 30, 0.2f, 0.0f));
    layers_.push_back({name, shape, 1, input, fused});
  }
  static calibration::Activation product(calibration::Activation const& x,
                                         calibration::Weight const& weight) {
    calibration::Activation y{{x.shape.rows, weight.shape.rows}, {}};
    weight.visit([&](auto w) {
      for (index_t r = 0; r < x.shape.rows; ++r)
        for (index_t n = 0; n < w.shape.rows; ++n) {
          float sum = 0;
          for (index_t k = 0; k < w.shape.cols; ++k) sum += x.view()(r, k) * to_float(w(n, k));
          y.values.push_back(sum);
        }
    });
    return y;
  }
  calibration::Activation embed(calibration::Activation const& ids) {
    auto const& rows = std::get<0>(tensors_["embedding.weight"].values);
    calibration::Activation x{{ids.shape.rows, hidden}, {}};
    for (float const id : ids.values)
      x.values.insert(x.values.end(), rows.begin() + static_cast<index_t>(id) * hidden,
                      rows.begin() + (static_cast<index_t>(id) + 1) * hidden);
    return x;
  }
  calibration::Activation normed(calibration::Activation x, std::string const& norm) {
    auto const& weight = std::get<0>(tensors_[norm].values);
    for (index_t r = 0; r < x.shape.rows; ++r) {
      float* const row = x.values.data() + r * hidden;
      float sum = 0;
      for (index_t c = 0; c < hidden; ++c) sum += row[c] * row[c];
      for (index_t c = 0; c < hidden; ++c)
        row[c] *= weight[static_cast<std::size_t>(c)] / std::sqrt(sum / hidden);
    }
    return x;
  }

  std::vector<calibration::LinearLayer> layers_;
  std::vector<calibration::Weight> weights_;
  std::map<std::string, calibration::Weight> tensors_;
};

static_assert(calibration::TransformableModel<ResidualModel>);
static_assert(!calibration::TransformableModel<MlpModel>);

}  // namespace qfmt::test
