// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>

#include <qfmt/calibration/pipeline.hpp>
#include <qfmt/calibration/smoothquant_modifier.hpp>

#include "calibration/mlp_model.hpp"

using namespace qfmt;
using namespace qfmt::calibration;

namespace {

/// Two layers behind a norm that only multiplies, and one behind nothing: y = a(x n) + b(x n) + c(x).
struct NormModel {
  static constexpr index_t columns = 8;

  NormModel() {
    for (std::size_t i = 0; i < 3; ++i) {
      std::vector<float> w;
      for (index_t k = 0; k < 4 * columns; ++k) w.push_back(test::MlpModel::uniform(i + 1, k));
      weights.push_back({{4, columns}, std::move(w)});
    }
  }
  [[nodiscard]] std::vector<LinearLayer> layers() const {
    return {{"a", {4, columns}, 0, 0, ""},
            {"b", {4, columns}, 0, 0, ""},
            {"c", {4, columns}, 0, 1, ""}};
  }
  [[nodiscard]] std::size_t subgraphs() const { return 1; }
  Result<Weight> weight(std::size_t i) { return weights[i]; }
  Result<void> set_weight(std::size_t i, Weight w) {
    weights[i] = std::move(w);
    return {};
  }
  Result<Activations> forward(std::size_t, Activations const& inputs, InputHook const& hook) {
    Activation const& x = *inputs.at("x");
    Activation normed = x;
    for (std::size_t i = 0; i < x.values.size(); ++i)
      normed.values[i] *= norm[i % static_cast<std::size_t>(columns)];
    for (std::size_t input = 0; input < 2 && hook; ++input) {
      if (auto done = hook(input, input == 0 ? normed.view() : x.view()); !done)
        return done.error();
    }
    auto y = std::make_shared<Activation>(Activation{{x.shape.rows, 4}, {}});
    for (index_t r = 0; r < x.shape.rows; ++r)
      for (index_t n = 0; n < 4; ++n) {
        float sum = 0;
        for (std::size_t i = 0; i < 3; ++i)
          for (index_t k = 0; k < columns; ++k)
            sum += (i < 2 ? normed : x).view()(r, k) *
                   std::get<0>(weights[i].values)[static_cast<std::size_t>(n * columns + k)];
        y->values.push_back(sum);
      }
    return Activations{{"y", y}};
  }

  std::vector<Weight> weights;
  std::vector<float> norm = std::vector<float>(8, 1.0f);
};

std::vector<Batch> batches() {
  std::vector<Batch> all;
  for (uint64_t seed = 1; seed < 3; ++seed) {
    auto x = std::make_shared<Activation>();
    x->shape = {20, NormModel::columns};
    for (index_t i = 0; i < x->shape.size(); ++i)
      x->values.push_back(test::MlpModel::uniform(seed + 9, i) * (i % 8 == 3 ? 100.0f : 1.0f));
    all.push_back({{{"x", x}}, {}, 1});
  }
  return all;
}

InputSources sources_of(NormModel& model) {
  return {[](std::size_t input) { return input == 0; },
          [&model](std::size_t, std::span<double const> scales) -> Result<void> {
            for (std::size_t c = 0; c < scales.size(); ++c)
              model.norm[c] = static_cast<float>(static_cast<double>(model.norm[c]) / scales[c]);
            return {};
          }};
}

Result<void> run(NormModel& model, InputSources sources, std::vector<Batch> const& data) {
  Session session;
  auto done = session.initialize(
      ModelRef{model}, {AnyModifier{std::make_shared<SmoothQuantModifier>(std::move(sources))}});
  return done ? run_sequential(session, data) : done;
}

float amax_of_column(Weight const& w, std::size_t c) {
  float largest = 0;
  for (std::size_t n = 0; n < 4; ++n)
    largest = std::max(largest, std::abs(std::get<0>(w.values)[n * 8 + c]));
  return largest;
}

}  // namespace

TEST_CASE("outputs stay, and an input's outlier goes to the weights") {
  NormModel model, original;
  auto const data = batches();
  REQUIRE(run(model, sources_of(model), data));
  auto const y = *original.forward(0, data[0].inputs, {});
  auto const smoothed = *model.forward(0, data[0].inputs, {});
  for (std::size_t i = 0; i < y.at("y")->values.size(); ++i)
    CHECK(smoothed.at("y")->values[i] ==
          doctest::Approx(static_cast<double>(y.at("y")->values[i])).epsilon(1e-4));

  // By the formula: (max - min)^0.5 / (2 amax)^0.5, over both layers.
  for (std::size_t c = 0; c < 8; ++c) {
    float least = 0, most = 0, weight = 0;
    for (auto const& batch : data)
      for (std::size_t i = c; i < 160; i += 8) {
        least = std::min(least, batch.inputs.at("x")->values[i]);
        most = std::max(most, batch.inputs.at("x")->values[i]);
      }
    for (std::size_t layer = 0; layer < 2; ++layer)
      weight = std::max(weight, amax_of_column(original.weights[layer], c));
    CHECK(1.0 / static_cast<double>(model.norm[c]) ==
          doctest::Approx(std::sqrt(static_cast<double>((most - least) / (2 * weight)))));
  }
  CHECK(model.norm[3] < 0.3f * model.norm[2]);
  CHECK(std::get<0>(model.weights[2].values) == std::get<0>(original.weights[2].values));
}

TEST_CASE("what is masked does not count") {
  NormModel model, masked;
  auto const data = batches();
  auto more = data;
  auto x = *more[0].inputs.at("x");
  x.values.insert(x.values.end(), 8, 1e6f);
  x.shape.rows = 21;
  more[0].inputs["x"] = std::make_shared<Activation>(x);
  more[0].kept.assign(21, 1);
  more[0].kept[20] = 0;
  REQUIRE(run(model, sources_of(model), data));
  REQUIRE(run(masked, sources_of(masked), more));
  CHECK(model.norm == masked.norm);
}

TEST_CASE("what cannot be smoothed") {
  NormModel model;
  auto sources = sources_of(model);
  sources.can_divide = [](std::size_t) { return false; };
  CHECK(run(model, sources, batches()).status() == Status::nothing_to_do);

  auto data = batches();
  auto x = *data[1].inputs.at("x");
  x.values[2] = __builtin_inff();
  data[1].inputs["x"] = std::make_shared<Activation>(x);
  auto const done = run(model, sources_of(model), data);
  CHECK(done.status() == Status::nonfinite_activation);
  CHECK(done.error().message.find("input of layer 'a': column 2") != std::string::npos);
}
