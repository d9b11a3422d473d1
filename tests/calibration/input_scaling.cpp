// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <qfmt/calibration/input_scaling.hpp>

#include "calibration/residual_model.hpp"

using namespace qfmt;
using namespace qfmt::calibration;
using test::ResidualModel;

namespace {

std::vector<double> powers_of_two(std::size_t count) {
  std::vector<double> scales;
  for (std::size_t i = 0; i < count; ++i) scales.push_back(i % 2 == 0 ? 4.0 : 0.5);
  return scales;
}

}  // namespace

TEST_CASE("an input is scaled where it comes from, and outputs stay: exactly, by powers of two") {
  for (std::size_t input = 0; input < 4; ++input) {
    CAPTURE(input);
    ResidualModel model, original;
    Context const context{ModelRef{model}, {}};
    auto const source = context.model.source(input);
    REQUIRE(source);
    auto const columns = static_cast<std::size_t>(input == 3 ? 96 : 64);
    REQUIRE(scale_input(context, input, *source, powers_of_two(columns)));
    auto const batch = ResidualModel::batch(9);
    CHECK(model.logits(batch) == original.logits(batch));
    CHECK(context.model.changes().size() == (input == 2 ? 3 : 2));
    CHECK(context.model.changes().contains(source->layer ? source->module + ".weight"
                                                         : source->vectors[0]));
  }
}

TEST_CASE("which inputs there are to scale") {
  ResidualModel model;
  ModelRef const any{model};
  CHECK(layers_of_input(any, 2) == std::vector<std::size_t>{2, 3});
  CHECK(selected_source(any, 1, {})->layer == std::size_t{ResidualModel::v});
  CHECK(!selected_source(any, 2, [](InputSource const& source, std::vector<std::string> const& l) {
    return source.module != "norm_2" || l != std::vector<std::string>{"gate_proj", "up_proj"};
  }));
  // Heads that share rows of v cannot be scaled one by one.
  model.values_are_repeated = true;
  CHECK(!selected_source(any, 1, {}));

  test::MlpModel rigid;
  CHECK(!selected_source(ModelRef{rigid}, 0, {}));
  CHECK(!ModelRef{rigid}.residual_stream());
  CHECK(ModelRef{rigid}.tensor("norm").status() == Status::unsupported);
  CHECK(ModelRef{rigid}.set_tensor("norm", {}).status() == Status::unsupported);
  CHECK(ModelRef{rigid}.changes().empty());
}

TEST_CASE("what cannot be divided is named") {
  ResidualModel model;
  Context const context{ModelRef{model}, {}};
  auto source = *context.model.source(0);
  CHECK(scale_input(context, 0, source, std::vector<double>(3, 1.0)).status() ==
        Status::shape_mismatch);
  source.vectors = {"nowhere"};
  CHECK(scale_input(context, 0, source, powers_of_two(64)).status() ==
        Status::checkpoint_incomplete);
  CHECK(in_input(context.model, 2, {Status::scale_zero, "x"}).message ==
        "input of layer 'gate_proj': x");
}
