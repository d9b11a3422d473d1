// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <qfmt/oneshot/oneshot.hpp>

#include "oneshot/residual_checkpoint.hpp"

using namespace qfmt;
using namespace qfmt::oneshot;

TEST_CASE("transforms change what is not quantized, too, and untie the head") {
  samples::TemporaryFolder const folder;
  test::ResidualModel model;
  test::write_checkpoint(model, folder / "in");
  OneshotJob job;
  job.input = folder / "in";
  job.output = folder / "out";
  job.recipe = *Recipe::parse(R"({"a_stage": {"a_modifiers": {"SpinQuantModifier": {},
    "SmoothQuantModifier": {}, "AWQModifier": {"n_grid": 4},
    "QuantizationModifier": {"scheme": "W4A16_G32", "ignore": ["gate_proj"],
      "kv_cache_scheme": {"num_bits": 8, "type": "float", "strategy": "tensor"}}}}})",
                              "r");
  job.schemes = test::schemes();
  std::vector<calibration::Batch> const batches{test::ResidualModel::batch(20)};
  auto const report = test::run_oneshot(calibration::ModelRef{model}, job, batches);
  REQUIRE_MESSAGE(report, report.error().to_string());
  CHECK(report->layers.size() == 4);
  auto const checkpoint = *io::Checkpoint::open(folder / "out");
  CHECK(checkpoint.config()["tie_word_embeddings"] == false);
  auto const is_stored = [&](std::string const& tensor, calibration::Weight const& values) {
    auto const* const info = checkpoint.find(tensor);
    REQUIRE(info != nullptr);
    io::Bytes bytes(static_cast<std::size_t>(info->bytes()));
    REQUIRE(checkpoint.read(*info, bytes));
    return bytes == weight_bytes(values);
  };
  for (char const* const tensor :
       {"embedding.weight", "head.weight", "norm_1.weight", "norm_2.weight", "norm.weight"})
    CHECK(is_stored(tensor, *model.tensor(tensor)));
  CHECK(is_stored("gate_proj.weight", *model.weight(test::ResidualModel::gate)));
  CHECK(checkpoint.find("norm_1.weight")->shape == std::vector<uint64_t>{64});
  // Scales of what attention keeps, and what the configuration says of them.
  auto const values = io::load_activation(checkpoint, "attention", io::ActivationSite::value);
  REQUIRE_MESSAGE(values, values.error().to_string());
  REQUIRE(*values);
  float largest = 0.0f;
  auto const x = model.forward(0, batches[0].inputs, {});
  REQUIRE(model.forward(1, *x, [&](std::size_t input, MatrixView<float const> seen) {
    for (index_t i = 0; i < seen.shape.size() && input == 11; ++i)
      largest = std::max(largest, std::abs(seen.data[i]));
    return Result<void>{};
  }));
  CHECK((*values)->scales == std::vector<float>{largest / 448.0f});
  CHECK(checkpoint.find("attention.k_scale") != nullptr);
  CHECK(checkpoint.config()["quantization_config"]["kv_cache_scheme"]["num_bits"] == 8);
  // What the model computes with is what the original does, but for rounding.
  test::ResidualModel original;
  auto const expected = original.logits(batches[0]);
  auto const found = model.logits(batches[0]);
  double noise = 0.0, signal = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    noise += std::pow(static_cast<double>(found[i] - expected[i]), 2.0);
    signal += std::pow(static_cast<double>(expected[i]), 2.0);
  }
  CHECK(noise < 0.02 * signal);
}
