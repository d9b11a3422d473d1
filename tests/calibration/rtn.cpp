// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/calibration/pipeline.hpp>
#include <qfmt/calibration/rtn.hpp>

#include "calibration/erased_schemes.hpp"
#include "calibration/mlp_model.hpp"

using namespace qfmt;
using namespace qfmt::calibration;
using test::MlpModel;

namespace {

SchemeOf all(ErasedScheme const& scheme) {
  return [&scheme](LinearLayer const&) { return &scheme; };
}

struct Fixture {
  MlpModel model;
  std::vector<Batch> batches{MlpModel::batch(20, 1), MlpModel::batch(30, 2)};
  Session session;
  std::shared_ptr<QuantizationModifier> modifier;

  explicit Fixture(SchemeOf scheme_of)
      : modifier{std::make_shared<QuantizationModifier>(std::move(scheme_of))} {}
  Result<void> initialize() { return session.initialize(ModelRef{model}, {AnyModifier{modifier}}); }
};

}  // namespace

TEST_CASE("rounding weights needs no data, and the model then has the values of the codes") {
  Fixture f{all(test::w4)};
  auto const before = *f.model.weight(2);
  REQUIRE(f.initialize());
  CHECK(!f.session.needs_data());
  REQUIRE(run_independent(f.session, {}));
  REQUIRE(f.modifier->finished().size() == 6);
  FinishedLayer const& down = f.modifier->finished()[2];
  CHECK(down.report.layer == "blocks.0.down_proj");
  CHECK(std::get<0>(f.model.weight(2)->values) ==
        std::get<0>(down.quantized.weight->values().values));
  auto const expected = test::w4.round(before, 0.0f, {}, {});
  CHECK(std::get<0>(f.model.weight(2)->values) == std::get<0>(expected->weight->values().values));
  CHECK(down.report.weight.noise > 0.0);
  CHECK(down.report.weight.sqnr_db() > 15.0);
  CHECK(down.report.tokens == 0);
}

TEST_CASE("layers without a scheme stay as they are") {
  Fixture f{[](LinearLayer const& layer) {
    return layer.name == "blocks.1.up_proj" ? &test::w4 : nullptr;
  }};
  MlpModel const original;
  REQUIRE(f.initialize());
  REQUIRE(run_data_free(f.session));
  CHECK(f.modifier->finished().size() == 1);
  for (std::size_t i = 0; i < 6; ++i)
    CHECK((std::get<0>(f.model.weight(i)->values) == std::get<0>(MlpModel{}.weight(i)->values)) ==
          (i != 4));

  Fixture none{[](LinearLayer const&) { return nullptr; }};
  CHECK(none.initialize().status() == Status::nothing_to_do);
}

TEST_CASE("fused layers share the scale of their tensors") {
  Fixture f{all(test::nvfp4)};
  auto weight = *f.model.weight(1);
  std::get<0>(weight.values)[0] = 4.0f;
  REQUIRE(f.model.set_weight(1, weight));
  REQUIRE(f.initialize());
  REQUIRE(run_independent(f.session, f.batches));
  auto const global = [&](std::size_t i) {
    auto const* const w = dynamic_cast<QuantizedWeightOf<preset::NVFP4::Weights> const*>(
        f.modifier->finished()[i].quantized.weight.get());
    REQUIRE(w != nullptr);
    return w->tensor.global.encode_scale;
  };
  CHECK(global(0) == 2688.0f / 4.0f);
  CHECK(global(1) == global(0));
  CHECK(global(2) != global(0));
}

TEST_CASE("static inputs are calibrated over all batches, without what is masked") {
  Fixture f{all(test::nvfp4)};
  auto x = *f.batches[0].inputs.at("x");
  x.values[0] = -8.0f;
  x.values[64] = 100.0f;
  f.batches[0].inputs["x"] = std::make_shared<Activation>(x);
  f.batches[0].kept.assign(20, 1);
  f.batches[0].kept[1] = 0;
  CHECK(f.initialize());
  CHECK(f.session.needs_data());
  REQUIRE(run_independent(f.session, f.batches));
  CHECK(f.modifier->finished()[0].input.global_scale == 2688.0f / 8.0f);
  CHECK(f.modifier->finished()[1].input == f.modifier->finished()[0].input);
  CHECK(f.modifier->finished()[2].input.global_scale !=
        f.modifier->finished()[0].input.global_scale);
}

TEST_CASE("searches weigh columns by the inputs of the layer") {
  Fixture plain{all(test::nvfp4)}, weighed{all(test::nvfp4_imatrix)};
  for (Fixture* const f : {&plain, &weighed}) {
    // One column matters.
    for (Batch& batch : f->batches) {
      auto x = *batch.inputs.at("x");
      for (std::size_t i = 3; i < x.values.size(); i += 64) x.values[i] *= 1000.0f;
      batch.inputs["x"] = std::make_shared<Activation>(x);
    }
    REQUIRE(f->initialize());
    REQUIRE(f->session.needs_data());
    REQUIRE(run_independent(f->session, f->batches));
  }
  auto const error_of_column = [](Fixture const& f) {
    auto const original = *MlpModel{}.weight(0);
    auto const values = f.modifier->finished()[0].quantized.weight->values();
    double sum = 0.0;
    for (std::size_t i = 3; i < 96 * 64; i += 64) {
      double const d =
          static_cast<double>(std::get<0>(values.values)[i] - std::get<0>(original.values)[i]);
      sum += d * d;
    }
    return sum;
  };
  CHECK(error_of_column(weighed) < 0.5 * error_of_column(plain));
}

TEST_CASE("inputs that are not finite are named") {
  Fixture f{all(test::fp8)};
  auto x = *f.batches[1].inputs.at("x");
  x.values[64 * 7 + 5] = __builtin_nanf("");
  f.batches[1].inputs["x"] = std::make_shared<Activation>(x);
  REQUIRE(f.initialize());
  auto const done = run_independent(f.session, f.batches);
  CHECK(done.status() == Status::nonfinite_activation);
  CHECK(done.error().message.find("subgraph 0, batch 1: QuantizationModifier: input of layer "
                                  "'blocks.0.gate_proj'") == 0);
  CHECK(done.error().message.find("row 7, column 5: got NaN") != std::string::npos);
}

TEST_CASE("no data where data are needed") {
  Fixture f{all(test::fp8)};
  REQUIRE(f.initialize());
  CHECK(run_data_free(f.session).status() == Status::needs_calibration);
  CHECK(run_independent(f.session, {}).status() == Status::calibration_empty);
}
