// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/calibration/pipeline.hpp>
#include <qfmt/calibration/smoothquant_modifier.hpp>

#include "calibration/residual_model.hpp"

using namespace qfmt;
using namespace qfmt::calibration;
using test::ResidualModel;

namespace {

/// A model with one large column behind its first norm.
ResidualModel outlier_model() {
  ResidualModel model;
  auto norm = *model.tensor("norm_1.weight");
  std::get<0>(norm.values)[3] = 100.0f;
  REQUIRE(model.set_tensor("norm_1.weight", norm));
  return model;
}

Result<void> run(ResidualModel& model, std::vector<Batch> const& data,
                 InputSelection selection = {}) {
  Session session;
  auto const modifier =
      std::make_shared<SmoothQuantModifier>(SmoothQuantOptions{}, std::move(selection));
  auto done = session.initialize(ModelRef{model}, {AnyModifier{modifier}});
  return done ? run_sequential(session, data) : done;
}

std::vector<float> floats(Result<Weight> const& weight) {
  return std::get<0>(weight->values);
}

}  // namespace

TEST_CASE("outputs stay, and an input's outlier goes to the weights") {
  ResidualModel original = outlier_model();
  ResidualModel model = original;
  std::vector<Batch> const data{ResidualModel::batch(20), ResidualModel::batch(7, 5)};
  REQUIRE(run(model, data));
  auto const expected = original.logits(data[0]);
  auto const found = model.logits(data[0]);
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(found[i] == doctest::Approx(static_cast<double>(expected[i])).epsilon(1e-4));

  // By the formula: (max - min)^0.5 / (2 amax)^0.5, over all layers of the input.
  ColumnRanges ranges{ResidualModel::hidden};
  for (Batch const& batch : data) {
    auto const x = original.forward(0, batch.inputs, {});
    REQUIRE(original.forward(1, *x, [&](std::size_t input, MatrixView<float const> seen) {
      return input == 2 ? ranges.observe<float>(seen) : Result<void>{};
    }));
  }
  std::vector<float> largest(64, 0.0f);
  for (std::size_t const layer : {ResidualModel::gate, ResidualModel::up})
    original.weight(layer)->visit(
        [&]<class T>(MatrixView<T const> w) { raise_column_amax<T>(w, largest); });
  auto const before = floats(original.tensor("norm_2.weight"));
  auto const after = floats(model.tensor("norm_2.weight"));
  for (std::size_t c = 0; c < 64; ++c) {
    Range const range = ranges.range(static_cast<index_t>(c));
    CHECK(static_cast<double>(before[c] / after[c]) ==
          doctest::Approx(
              std::sqrt(static_cast<double>((range.max - range.min) / (2 * largest[c])))));
  }
  CHECK(floats(model.tensor("norm_1.weight"))[3] < 30.0f);
  // What does not come from a norm stays.
  CHECK(floats(model.weight(ResidualModel::o)) == floats(original.weight(ResidualModel::o)));
}

TEST_CASE("what is masked does not count") {
  ResidualModel model, masked;
  std::vector<Batch> const data{ResidualModel::batch(10)};
  std::vector<Batch> more{ResidualModel::batch(15)};
  more[0].kept.assign(15, 1);
  for (std::size_t i = 10; i < 15; ++i) more[0].kept[i] = 0;
  REQUIRE(run(model, data));
  REQUIRE(run(masked, more));
  CHECK(floats(model.tensor("norm_1.weight")) == floats(masked.tensor("norm_1.weight")));
}

TEST_CASE("a selection leaves inputs out") {
  ResidualModel model, original;
  REQUIRE(run(model, {ResidualModel::batch(10)},
              [](InputSource const& source, std::vector<std::string> const& layers) {
                return source.module == "norm_2" && layers.size() == 2;
              }));
  CHECK(floats(model.tensor("norm_1.weight")) == floats(original.tensor("norm_1.weight")));
  CHECK(floats(model.tensor("norm_2.weight")) != floats(original.tensor("norm_2.weight")));
}

TEST_CASE("what cannot be smoothed") {
  ResidualModel model;
  CHECK(run(model, {ResidualModel::batch(10)}, [](auto const&, auto const&) {
          return false;
        }).status() == Status::nothing_to_do);

  auto embedding = *model.tensor("embedding.weight");
  std::get<0>(embedding.values)[5 * 64 + 2] = __builtin_inff();
  REQUIRE(model.set_tensor("embedding.weight", embedding));
  auto const done = run(model, {ResidualModel::batch(10)});
  CHECK(done.status() == Status::nonfinite_activation);
  CHECK(done.error().message.find("input of layer 'v_proj': column") != std::string::npos);
}
