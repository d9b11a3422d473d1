// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/calibration/pipeline.hpp>
#include <qfmt/calibration/rotation_modifier.hpp>

#include "calibration/residual_model.hpp"

using namespace qfmt;
using namespace qfmt::calibration;
using test::ResidualModel;

namespace {

template <class M>
Result<void> run(M& model, RotationOptions const& options) {
  Session session;
  auto done = session.initialize(ModelRef{model},
                                 {AnyModifier{std::make_shared<RotationModifier>(options)}});
  return done ? run_data_free(session) : done;
}

std::vector<float> floats(Result<Weight> const& weight) {
  return std::get<0>(weight->values);
}

}  // namespace

TEST_CASE("R1, R2 and both: outputs stay, weights do not") {
  for (RotationOptions const options :
       {RotationOptions{}, RotationOptions{true, false}, RotationOptions{false, true},
        RotationOptions{true, true, true, 7}, RotationOptions{true, true, false, 0, 32}}) {
    CAPTURE(options.residual);
    CAPTURE(options.heads);
    CAPTURE(options.random_signs);
    CAPTURE(options.block);
    ResidualModel model, original;
    REQUIRE(run(model, options));
    auto const batch = ResidualModel::batch(20);
    auto const expected = original.logits(batch);
    auto const found = model.logits(batch);
    for (std::size_t i = 0; i < expected.size(); ++i)
      CHECK(std::abs(found[i] - expected[i]) < 2e-4f);
    CHECK(floats(model.weight(ResidualModel::o)) != floats(original.weight(ResidualModel::o)));
    CHECK((floats(model.weight(ResidualModel::gate)) ==
           floats(original.weight(ResidualModel::gate))) == !options.residual);
  }
}

TEST_CASE("R1 takes the norms into the layers, and unties the head") {
  ResidualModel model;
  CHECK(model.is_tied());
  REQUIRE(run(model, {true, false}));
  CHECK(!model.is_tied());
  for (char const* const norm : {"norm_1.weight", "norm_2.weight", "norm.weight"})
    CHECK(floats(model.tensor(norm)) == std::vector<float>(64, 1.0f));
  ResidualModel heads;
  REQUIRE(run(heads, {false, true}));
  CHECK(heads.is_tied());
}

TEST_CASE("values can be rotated where heads share them") {
  ResidualModel model;
  model.values_are_repeated = true;
  CHECK(run(model, {false, true}));
  CHECK(floats(model.weight(ResidualModel::v)) != floats(ResidualModel{}.weight(ResidualModel::v)));
}

TEST_CASE("what cannot be rotated is named") {
  ResidualModel model;
  CHECK(run(model, {false, false}).status() == Status::nothing_to_do);
  CHECK(run(model, {true, false, false, 0, 48}).status() == Status::block_not_divisor);
  CHECK(run(model, {true, false, false, 0, 3}).status() == Status::size_unsupported);
  test::MlpModel rigid;
  CHECK(run(rigid, {}).status() == Status::unsupported);
}
