// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/calibration/model.hpp>
#include <qfmt/core/random.hpp>

namespace qfmt::test {

/// A model of 50 lines: blocks of x + down(relu(gate(x)) * up(x)), each a subgraph.
class MlpModel {
 public:
  static constexpr index_t hidden = 64, inner = 96;

  explicit MlpModel(std::size_t blocks = 2) : blocks_{blocks} {
    for (std::size_t b = 0; b < blocks; ++b) {
      std::string const block = "blocks." + std::to_string(b) + ".";
      add({block + "gate_proj", {inner, hidden}, b, 2 * b, block + "gate_up"});
      add({block + "up_proj", {inner, hidden}, b, 2 * b, block + "gate_up"});
      add({block + "down_proj", {hidden, inner}, b, 2 * b + 1, ""});
    }
  }

  [[nodiscard]] std::vector<calibration::LinearLayer> layers() const { return layers_; }
  [[nodiscard]] std::size_t subgraphs() const { return blocks_; }
  Result<calibration::Weight> weight(std::size_t layer) { return weights_[layer]; }
  Result<void> set_weight(std::size_t layer, calibration::Weight weight) {
    weights_[layer] = std::move(weight);
    return {};
  }

  Result<calibration::Activations> forward(std::size_t block,
                                           calibration::Activations const& inputs,
                                           calibration::InputHook const& hook) {
    ++forwards;
    auto const x = inputs.at("x")->view();
    if (hook) {
      if (auto done = hook(2 * block, x); !done)
        return done.error();
    }
    auto gate = multiply(3 * block, x);
    auto const up = multiply(3 * block + 1, x);
    for (std::size_t i = 0; i < gate.values.size(); ++i)
      gate.values[i] = gate.values[i] > 0 ? gate.values[i] * up.values[i] : 0;
    if (hook) {
      if (auto done = hook(2 * block + 1, gate.view()); !done)
        return done.error();
    }
    auto out = std::make_shared<calibration::Activation>(multiply(3 * block + 2, gate.view()));
    for (std::size_t i = 0; i < out->values.size(); ++i)
      out->values[i] += inputs.at("x")->values[i];
    return calibration::Activations{{"x", out}};
  }

  /// Tokens with correlated columns.
  static calibration::Batch batch(index_t tokens, uint64_t seed) {
    auto x = std::make_shared<calibration::Activation>();
    x->shape = {tokens, hidden};
    for (index_t i = 0; i < tokens * hidden; ++i)
      x->values.push_back(uniform(seed, i) + uniform(seed + 77, i / hidden) * 2);
    return {{{"x", x}}, {}, 1};
  }

  static float uniform(uint64_t seed, index_t i) {
    return static_cast<float>(Philox{seed}(static_cast<uint64_t>(i))) * 0x1p-31f - 1.0f;
  }

  int forwards = 0;

 private:
  void add(calibration::LinearLayer layer) {
    std::vector<float> values;
    for (index_t i = 0; i < layer.shape.size(); ++i)
      values.push_back(uniform(layers_.size() + 1, i) * 0.2f);
    weights_.push_back({layer.shape, std::move(values)});
    layers_.push_back(std::move(layer));
  }

  calibration::Activation multiply(std::size_t layer, MatrixView<float const> x) const {
    calibration::Activation y{{x.shape.rows, layers_[layer].shape.rows}, {}};
    weights_[layer].visit([&](auto w) {
      for (index_t r = 0; r < x.shape.rows; ++r)
        for (index_t n = 0; n < w.shape.rows; ++n) {
          float sum = 0;
          for (index_t k = 0; k < w.shape.cols; ++k) sum += x(r, k) * to_float(w(n, k));
          y.values.push_back(sum);
        }
    });
    return y;
  }

  std::size_t blocks_;
  std::vector<calibration::LinearLayer> layers_;
  std::vector<calibration::Weight> weights_;
};

static_assert(calibration::CalibrationModel<MlpModel>);

}  // namespace qfmt::test
