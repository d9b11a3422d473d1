// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>

#include <qfmt/calibration/gptq_modifier.hpp>
#include <qfmt/calibration/pipeline.hpp>
#include <qfmt/exec/thread_pool.hpp>

#include "calibration/erased_schemes.hpp"
#include "calibration/mlp_model.hpp"

using namespace qfmt;
using namespace qfmt::calibration;
using test::MlpModel;

namespace {

struct Fixture {
  MlpModel model;
  std::vector<Batch> batches{MlpModel::batch(200, 1), MlpModel::batch(150, 2)};
  Session session;
  std::shared_ptr<GptqModifier> modifier;

  explicit Fixture(ErasedScheme const& scheme, GptqModifierOptions const& options = {})
      : modifier{std::make_shared<GptqModifier>([&scheme](LinearLayer const&) { return &scheme; },
                                                options)} {}
  Result<void> run(ErasedExecutor executor = {}) {
    if (auto done = session.initialize(ModelRef{model}, {AnyModifier{modifier}}, executor); !done)
      return done;
    return run_sequential(session, batches);
  }
};

std::vector<float> values(FinishedLayer const& layer) {
  return std::get<0>(layer.quantized.weight->values().values);
}

}  // namespace

TEST_CASE("GPTQ of a model is GPTQ of its layers, inputs first") {
  Fixture f{test::w4};
  REQUIRE(f.run());
  REQUIRE(f.modifier->finished().size() == 6);
  // The first layer, by hand.
  MlpModel original;
  Hessian hessian{64};
  for (Batch const& batch : f.batches)
    REQUIRE(hessian.observe<float>(batch.inputs.at("x")->view()));
  using S = with_profile<test::W4A16_G32::Weights, profile::CompressedTensors>;
  auto const weight = *original.weight(0);
  MatrixView<float const> const view{std::get<0>(weight.values).data(), weight.shape};
  auto const expected = gptq<S, float>(view, hessian);
  REQUIRE(expected);
  auto const* const layer = dynamic_cast<QuantizedWeightOf<test::W4A16_G32::Weights> const*>(
      f.modifier->finished()[0].quantized.weight.get());
  REQUIRE(layer != nullptr);
  CHECK(layer->tensor.codes == expected->weight.codes);
  CHECK(layer->tensor.scales == expected->weight.scales);
  CHECK(f.modifier->finished()[0].report.tokens == 350);
  CHECK(f.modifier->finished()[0].quantized.report.loss == expected->report.loss);
}

TEST_CASE("outputs are closer than after rounding to nearest") {
  for (ErasedScheme const* const scheme : {&test::w4, &test::nvfp4}) {
    CAPTURE(scheme->name);
    GptqModifierOptions options;
    options.measures_outputs = true;
    Fixture f{*scheme, options};
    REQUIRE(f.run());
    for (FinishedLayer const& layer : f.modifier->finished()) {
      CAPTURE(layer.report.layer);
      CHECK(layer.report.output_error > 0.0);
      CHECK(layer.report.output_error < layer.report.output_error_rounded);
      CHECK(layer.report.feedback.attempts == 1);
      CHECK(layer.report.feedback.condition > 1.0);
    }
  }
}

TEST_CASE("the executor changes nothing") {
  Fixture serial{test::w4}, threaded{test::w4};
  ThreadPool pool{3};
  REQUIRE(serial.run());
  REQUIRE(threaded.run(ErasedExecutor{pool}));
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(values(serial.modifier->finished()[i]) == values(threaded.modifier->finished()[i]));
}

TEST_CASE("what is masked enters no Hessian") {
  Fixture f{test::w4}, masked{test::w4};
  auto x = *masked.batches[0].inputs.at("x");
  for (std::size_t i = 0; i < 64; ++i) x.values.push_back(1000.0f);
  ++x.shape.rows;
  masked.batches[0].inputs["x"] = std::make_shared<Activation>(x);
  masked.batches[0].kept.assign(201, 1);
  masked.batches[0].kept[200] = 0;
  REQUIRE(f.run());
  REQUIRE(masked.run());
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(values(f.modifier->finished()[i]) == values(masked.modifier->finished()[i]));
}

TEST_CASE("one token is enough") {
  Fixture f{test::w4};
  f.batches = {MlpModel::batch(1, 1)};
  REQUIRE(f.run());
  for (FinishedLayer const& layer : f.modifier->finished()) {
    CHECK(layer.report.tokens == 1);
    for (float const value : values(layer)) CHECK(std::isfinite(value));
  }
}

TEST_CASE("a layer that sees no token is rounded to nearest") {
  // Block 0 of a model that hides its inputs.
  struct Hides : MlpModel {
    Result<Activations> forward(std::size_t b, Activations const& inputs, InputHook const& hook) {
      return MlpModel::forward(b, inputs, b == 0 ? InputHook{} : hook);
    }
  } model;
  auto const modifier = std::make_shared<GptqModifier>([](LinearLayer const& layer) {
    return layer.name == "blocks.0.down_proj" ? &test::nvfp4 : &test::w4;
  });
  Session session;
  REQUIRE(session.initialize(ModelRef{model}, {AnyModifier{modifier}}));
  std::vector<Batch> const batches{MlpModel::batch(50, 1)};
  REQUIRE(run_sequential(session, batches));
  CHECK(modifier->finished()[0].report.tokens == 0);
  CHECK(modifier->finished()[2].input == InputParameters{{}, 1.0f});
  CHECK(modifier->finished()[3].report.tokens == 50);
  auto const rounded = test::w4.round(*MlpModel{}.weight(0), 0.0f, {}, {});
  CHECK(values(modifier->finished()[0]) == std::get<0>(rounded->weight->values().values));
}

TEST_CASE("faults are named") {
  Fixture empty{test::w4};
  empty.batches.clear();
  CHECK(empty.run().status() == Status::calibration_empty);

  Fixture nan{test::w4};
  auto x = *nan.batches[1].inputs.at("x");
  x.values[64 * 9 + 2] = __builtin_inff();
  nan.batches[1].inputs["x"] = std::make_shared<Activation>(x);
  auto const done = nan.run();
  CHECK(done.status() == Status::nonfinite_activation);
  CHECK(done.error().message.find(
            "input of layer 'blocks.0.gate_proj': batch 1: row 9, column 2") != std::string::npos);
}
