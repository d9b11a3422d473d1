// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/calibration/awq_modifier.hpp>
#include <qfmt/calibration/pipeline.hpp>

#include "calibration/erased_schemes.hpp"
#include "calibration/residual_model.hpp"

using namespace qfmt;
using namespace qfmt::calibration;
using test::ResidualModel;

namespace {

/// One column of each group is large in the inputs that come from norms, and small in the weights: room
/// to scale it up, which is what AWQ is for.
ResidualModel uneven_model() {
  ResidualModel model;
  for (char const* const name : {"norm_1.weight", "norm_2.weight"}) {
    auto norm = *model.tensor(name);
    for (std::size_t c = 9; c < 64; c += 32) std::get<0>(norm.values)[c] *= 40.0f;
    REQUIRE(model.set_tensor(name, norm));
  }
  for (std::size_t const layer : {ResidualModel::v, ResidualModel::gate, ResidualModel::up}) {
    auto weight = *model.weight(layer);
    auto& values = std::get<0>(weight.values);
    for (std::size_t i = 9; i < values.size(); i += 32) values[i] *= 0.2f;
    REQUIRE(model.set_weight(layer, weight));
  }
  return model;
}

SchemeOf all_by(ErasedScheme const& scheme) {
  return [&scheme](LinearLayer const&) { return &scheme; };
}

std::shared_ptr<AwqModifier> run(ResidualModel& model, SchemeOf schemes,
                                 InputSelection selection = {}) {
  auto modifier = std::make_shared<AwqModifier>(std::move(schemes), AwqOptions{}, selection);
  Session session;
  REQUIRE(session.initialize(ModelRef{model}, {AnyModifier{modifier}}));
  std::vector<Batch> const data{ResidualModel::batch(20), ResidualModel::batch(9, 4)};
  auto const done = run_sequential(session, data);
  REQUIRE_MESSAGE(done, done.error().to_string());
  return modifier;
}

std::vector<float> floats(Result<Weight> const& weight) {
  return std::get<0>(weight->values);
}

/// The squared error of the logits once all layers are rounded.
double rounded_error(ResidualModel model, ErasedScheme const& scheme) {
  auto const batch = ResidualModel::batch(20);
  auto const expected = model.logits(batch);
  Session session;
  REQUIRE(session.initialize(
      ModelRef{model}, {AnyModifier{std::make_shared<QuantizationModifier>(all_by(scheme))}}));
  REQUIRE(run_data_free(session));
  auto const found = model.logits(batch);
  double sum = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    sum += std::pow(static_cast<double>(found[i] - expected[i]), 2.0);
  return sum;
}

}  // namespace

TEST_CASE("outputs stay, and rounding costs less than without") {
  ResidualModel original = uneven_model();
  ResidualModel model = original;
  auto const awq = run(model, all_by(test::w4));
  auto const batch = ResidualModel::batch(20);
  auto const expected = original.logits(batch);
  auto const found = model.logits(batch);
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(std::abs(found[i] - expected[i]) < 1e-3f * (1.0f + std::abs(expected[i])));
  REQUIRE(awq->finished().size() == 4);
  CHECK(awq->finished()[0].source == "norm_1");
  CHECK(awq->finished()[1].source == "v_proj");
  CHECK(awq->finished()[3].source == "up_proj");
  for (auto const& report : awq->finished())
    CHECK(report.choice.loss <= report.choice.identity_loss);
  for (std::size_t const norm : {0u, 2u})
    CHECK(awq->finished()[norm].choice.loss < 0.5 * awq->finished()[norm].choice.identity_loss);
  CHECK(rounded_error(model, test::w4) < rounded_error(original, test::w4));
}

TEST_CASE("the loss of a candidate is the error of the layer's outputs under what it becomes") {
  // down is alone behind its input, so this is the loss of the package, which replays it.
  ResidualModel model;
  ResidualModel const original = model;
  auto const awq = run(model, all_by(test::w4), [](InputSource const& source, auto const&) {
    return source.module == "up_proj";
  });
  REQUIRE(awq->finished().size() == 1);
  auto const& choice = awq->finished()[0].choice;
  double expected = 0.0;
  double identity = 0.0;
  auto const weight = *ResidualModel{original}.weight(ResidualModel::down);
  MatrixView<float const> const w{std::get<0>(weight.values).data(), weight.shape};
  using S = with_profile<test::W4A16_G32::Weights, profile::CompressedTensors>;
  for (bool const scaled : {true, false}) {
    std::vector<float> read(static_cast<std::size_t>(w.shape.size()));
    std::vector<double> const ones(96, 1.0);
    REQUIRE(awq_weight<S, float>(w, scaled ? choice.scales : ones, {read.data(), w.shape}));
    double sum = 0.0;
    for (auto const& batch : {ResidualModel::batch(20), ResidualModel::batch(9, 4)}) {
      ResidualModel source = original;
      auto const x = source.forward(0, batch.inputs, {});
      REQUIRE(source.forward(1, *x, [&](std::size_t input, MatrixView<float const> seen) {
        for (index_t t = 0; t < seen.shape.rows && input == 3; ++t)
          for (index_t r = 0; r < w.shape.rows; ++r) {
            double error = 0.0;
            for (index_t c = 0; c < w.shape.cols; ++c)
              error += static_cast<double>(seen(t, c)) *
                       static_cast<double>(read[static_cast<std::size_t>(r * 96 + c)] - w(r, c));
            sum += error * error;
          }
        return Result<void>{};
      }));
    }
    (scaled ? expected : identity) = sum / 2;  // H is 2 / sequences, of which there are two
  }
  CHECK(choice.loss == doctest::Approx(expected).epsilon(1e-4));
  CHECK(choice.identity_loss == doctest::Approx(identity).epsilon(1e-4));
}

TEST_CASE(
    "a scale that fused layers share is part of a candidate; layers without a scheme go along") {
  ResidualModel model = uneven_model();
  ResidualModel const original = model;
  auto const awq = run(model, [](LinearLayer const& layer) {
    return layer.name == "down_proj" || layer.name == "up_proj" ? nullptr : &test::nvfp4;
  });
  REQUIRE(awq->finished().size() == 3);  // down is not quantized: its input stays
  CHECK(floats(model.weight(ResidualModel::down)) ==
        floats(ResidualModel{original}.weight(ResidualModel::down)));
  bool const changed = floats(model.weight(ResidualModel::up)) !=
                       floats(ResidualModel{original}.weight(ResidualModel::up));
  CHECK(changed == (awq->finished()[2].choice.candidate != AwqCandidate{}));
}

TEST_CASE("what cannot be scaled") {
  ResidualModel model;
  Session session;
  auto const start = [&](SchemeOf schemes, InputSelection selection) {
    session.reset();
    return session.initialize(
        ModelRef{model},
        {AnyModifier{std::make_shared<AwqModifier>(std::move(schemes), AwqOptions{}, selection)}});
  };
  CHECK(start([](LinearLayer const&) { return nullptr; }, {}).status() == Status::nothing_to_do);
  CHECK(start(all_by(test::w4), [](auto const&, auto const&) { return false; }).status() ==
        Status::nothing_to_do);
  REQUIRE(start(all_by(test::w4), {}));
  CHECK(run_sequential(session, {}).status() == Status::calibration_empty);

  auto embedding = *model.tensor("embedding.weight");
  std::get<0>(embedding.values)[2] = __builtin_nanf("");
  REQUIRE(model.set_tensor("embedding.weight", embedding));
  REQUIRE(start(all_by(test::w4), {}));
  std::vector<Batch> const data{ResidualModel::batch(3)};
  auto const done = run_sequential(session, data);
  CHECK(done.status() == Status::nonfinite_activation);
  CHECK(done.error().message.find("input of layer 'v_proj': batch 0: row 0") != std::string::npos);
}

TEST_CASE("an input that is always zero stays as it is") {
  ResidualModel model;
  for (char const* const name : {"norm_1.weight"})
    REQUIRE(model.set_tensor(name, ResidualModel::random({64, 1}, 1, 0.0f, 0.0f)));
  auto const awq = run(model, all_by(test::w4));
  CHECK(awq->finished().size() == 2);  // neither norm_1 nor v
}
