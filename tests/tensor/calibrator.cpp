// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <support/samples.hpp>
#include <utility>

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/moving_average.hpp>
#include <qfmt/tensor/calibrator.hpp>
#include <qfmt/tensor/presets.hpp>

// What a calibrator accepts and refuses, and what a checkpoint gets from it. Its laws are in
// calibrator/laws.cpp.

using namespace qfmt;
using namespace qfmt::test;

namespace {

using BF16Code = Code<BF16>;
using Fp8 = preset::FP8::InputActivations;
using Nvfp4 = preset::NVFP4::InputActivations;

template <Real T = float>
Matrix<T> filled(Shape shape, float value) {
  return Matrix<T>{shape, from_float<T>(value)};
}

bool contains(std::string const& text, char const* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("calibrator: a static scale covers the largest value of all batches") {
  Calibrator<Fp8> calibrator{4};
  REQUIRE(calibrator.observe(filled({2, 4}, -448.0f).view()).ok());
  REQUIRE(calibrator.observe(filled({1, 4}, 1.0f).view()).ok());  // not the last one alone
  auto const frozen = std::move(calibrator).freeze();
  REQUIRE(frozen.ok());
  CHECK(frozen->scales() == std::vector<float>{1.0f});
  auto const inside = frozen->quantize<float>(filled({3, 4}, 416.0f).view());
  CHECK(inside->view()(2, 3) == 416.0f);
  auto const beyond = frozen->quantize<float>(filled({1, 4}, -1e6f).view());
  CHECK(beyond->view()(0, 0) == -448.0f);  // saturates
}

TEST_CASE("calibrator: what a checkpoint stores of an FP8 input, in the type of the model") {
  using Stored = with_stored_scale<with_profile<Fp8, profile::CompressedTensors>, BF16Code>;
  Calibrator<Stored, BF16Code> calibrator{8};
  REQUIRE(calibrator.observe(filled<BF16Code>({2, 8}, 3.0f).view()).ok());
  auto const frozen = std::move(calibrator).freeze();
  // input_scale: 3 / 448 = 0x1.b6db6ep-8, rounded to BF16.
  CHECK(to_float(frozen->scales()[0]) == 0x1.b6p-8f);
  auto const read = Frozen<Stored>::from_stored({1, 8}, frozen->scales());
  REQUIRE(read.ok());
  CHECK(*read == *frozen);
}

TEST_CASE("calibrator: what a checkpoint stores of an NVFP4 input") {
  Calibrator<with_profile<Nvfp4, profile::CompressedTensors>, BF16Code> package{32};
  REQUIRE(package.observe(filled<BF16Code>({2, 32}, 0.033203125f).view()).ok());
  auto const frozen = std::move(package).freeze();
  CHECK(frozen->global().encode_scale == 80896.0f);  // input_global_scale, rounded to BF16
  CHECK(frozen->scales().empty());                   // those of blocks come with the values
  Calibrator<Nvfp4> own{32};
  REQUIRE(own.observe(filled({2, 32}, 0.033203125f).view()).ok());
  CHECK(std::move(own).freeze()->global().encode_scale == 2688.0f / 0.033203125f);
}

TEST_CASE("calibrator: fused layers share the tensor's part") {
  Calibrator<Nvfp4> q{16};
  Calibrator<Nvfp4> k{16};
  Calibrator<Nvfp4> v{16};
  REQUIRE(q.observe(filled({1, 16}, 1.0f).view()).ok());
  REQUIRE(k.observe(filled({1, 16}, -4.0f).view()).ok());
  CHECK(fused_global(q, k, v).status() == Status::calibration_empty);
  REQUIRE(v.observe(filled({1, 16}, 2.0f).view()).ok());
  auto const shared = fused_global(q, k, v);
  REQUIRE(shared.ok());
  CHECK(shared->encode_scale == 672.0f);
  CHECK(std::move(q).freeze(*shared)->global() == *shared);
  CHECK(fused_global(q).status() == Status::wrong_order);
  CHECK(std::move(v).freeze()->global().encode_scale == 1344.0f);

  // Weights keep scales of their own for the blocks.
  using Weight = preset::NVFP4::Weights;
  auto const up = normal_matrix({4, 32}, 1);
  auto const gate = normal_matrix({6, 32}, 2);
  Calibrator<Weight> a{up.shape};
  Calibrator<Weight> b{gate.shape};
  REQUIRE(a.observe(up.view()).ok());
  REQUIRE(b.observe(gate.view()).ok());
  auto const global = fused_global(a, b);
  CHECK(global->encode_scale == std::min(fit_global<Weight, float>(up.view()).encode_scale,
                                         fit_global<Weight, float>(gate.view()).encode_scale));
  auto const frozen = std::move(a).freeze(*global);
  CHECK(*frozen->quantize<float>(std::as_const(up).view()) ==
        *quantize_with<Weight, float>(up.view(), *global));
}

TEST_CASE("calibrator: a batch is a call, for observers of batches") {
  using Average = QuantScheme<E4M3, PerTensor, Symmetric, Static<MovingAverage<1, 2>>>;
  Calibrator<Average> calibrator{1};
  REQUIRE(calibrator.observe(filled({7, 1}, 448.0f).view()).ok());
  REQUIRE(calibrator.observe(filled({0, 1}, 0.0f).view()).ok());  // no rows, no batch
  REQUIRE(calibrator.observe(filled({1, 1}, 1344.0f).view()).ok());
  CHECK(std::move(calibrator).freeze()->scales()[0] == 2.0f);
}

TEST_CASE("calibrator: nothing seen") {
  auto const nothing = Calibrator<Fp8>{5}.freeze();
  CHECK(nothing.status() == Status::calibration_empty);
  CHECK(contains(nothing.error().message, "5 columns"));
  Calibrator<Nvfp4> no_rows{16};
  REQUIRE(no_rows.observe(filled({0, 16}, 1.0f).view()).ok());
  CHECK(std::move(no_rows).freeze().status() == Status::calibration_empty);
  Calibrator<Fp8> no_columns{0};
  REQUIRE(no_columns.observe(filled({3, 0}, 1.0f).view()).ok());
  CHECK(std::move(no_columns).freeze().status() == Status::calibration_empty);
}

TEST_CASE("calibrator: NaN and infinity are named, and stay") {
  for (float const bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    Calibrator<Fp8> calibrator{3};
    REQUIRE(calibrator.observe(filled({2, 3}, 1.0f).view()).ok());
    auto batch = filled({2, 3}, 1.0f);
    batch(1, 2) = bad;
    auto const seen = calibrator.observe(batch.view());
    CHECK(seen.status() == Status::nonfinite_activation);
    CHECK(contains(seen.error().message, "batch 1: row 1, column 2"));
    REQUIRE(calibrator.observe(filled({2, 3}, 1.0f).view()).ok());
    Calibrator<Fp8> other{3};
    REQUIRE(other.observe(filled({2, 3}, 1.0f).view()).ok());
    REQUIRE(other.merge(calibrator).ok());
    for (auto* const spoilt : {&calibrator, &other}) {
      auto const frozen = std::move(*spoilt).freeze();
      CHECK(frozen.status() == Status::nonfinite_activation);
      CHECK(contains(frozen.error().message, "batch 1: row 1, column 2"));
    }
  }
  auto weight = filled({2, 3}, 1.0f);
  weight(0, 1) = std::numeric_limits<float>::quiet_NaN();
  Calibrator<preset::W8A8::Weights> weights{weight.shape};
  CHECK(weights.observe(weight.view()).status() == Status::nonfinite_weight);
}

TEST_CASE("calibrator: other shapes, no data, and out of order") {
  Calibrator<Fp8> calibrator{3};
  auto const wrong = calibrator.observe(filled({2, 4}, 1.0f).view());
  CHECK(wrong.status() == Status::shape_mismatch);
  CHECK(contains(wrong.error().message, "batch 0: got 2 x 4, expected 3 columns"));
  CHECK(calibrator.observe({nullptr, {2, 3}}).status() == Status::null_pointer);
  REQUIRE(calibrator.observe(filled({2, 3}, 1.0f).view()).ok());  // the others were not seen
  CHECK(calibrator.merge(Calibrator<Fp8>{4}).status() == Status::shape_mismatch);
  Calibrator<Fp8> copy = calibrator;
  REQUIRE(std::move(calibrator).freeze().ok());
  CHECK(calibrator.observe(filled({2, 3}, 1.0f).view()).status() == Status::wrong_order);
  CHECK(copy.merge(calibrator).status() == Status::wrong_order);
  CHECK(calibrator.merge(copy).status() == Status::wrong_order);
  CHECK(std::move(calibrator).freeze().status() == Status::wrong_order);
  CHECK(std::move(copy).freeze().ok());

  Calibrator<preset::W8A8::Weights> weights{Shape{2, 3}};
  CHECK(weights.observe(filled({3, 3}, 1.0f).view()).status() == Status::shape_mismatch);
}

TEST_CASE("calibrator: zeros alone, and the largest number") {
  Calibrator<Fp8> zeros{3};
  REQUIRE(zeros.observe(filled({2, 3}, 0.0f).view()).ok());
  auto const frozen = std::move(zeros).freeze();
  REQUIRE(frozen.ok());
  CHECK(frozen->quantize<float>(filled({1, 3}, 0.0f).view())->view()(0, 0) == 0.0f);

  float const largest = std::numeric_limits<float>::max();
  Calibrator<Fp8> huge{3};
  REQUIRE(huge.observe(filled({2, 3}, largest).view()).ok());
  CHECK(std::move(huge).freeze().ok());
  using Narrow = with_stored_scale<Fp8, Code<FP16>>;  // cannot hold such a scale
  Calibrator<Narrow> narrow{3};
  REQUIRE(narrow.observe(filled({2, 3}, largest).view()).ok());
  CHECK(std::move(narrow).freeze().status() == Status::nonfinite_scale);
}
