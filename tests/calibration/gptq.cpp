// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <set>
#include <support/executors.hpp>

#include <qfmt/observers/mse.hpp>

#include "gptq_runs.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

using W4 = preset::W4A16::Weights;

/// The error of the outputs with GPTQ, as a part of that of rounding to nearest.
template <Scheme S, Real T = float>
double gain(GptqOptions const& options = {}) {
  auto const hessian = hessian_of(correlated_inputs(500, 256));
  auto const weight = random_weight<T>({37, 256});
  auto const rounded = quantize<S, T>(weight.view());
  REQUIRE(rounded);
  auto const result = run<S, T>(weight, hessian, options);
  return output_error<S, T>(weight.view(), result.weight.view(), hessian) /
         output_error<S, T>(weight.view(), rounded->view(), hessian);
}

template <class S>
using Package = with_stored_scale<with_profile<S, profile::CompressedTensors>, Code<BF16>>;

}  // namespace

TEST_CASE("on correlated inputs the outputs err less than with rounding to nearest") {
  CHECK(gain<W4>() < 0.2);
  CHECK(gain<preset::W4A16_ASYM::Weights>() < 0.2);
  CHECK(gain<preset::W3A16::Weights>() < 0.2);
  CHECK(gain<preset::W8A8::Weights>() < 0.2);
  CHECK(gain<preset::FP8::Weights>() < 0.2);
  CHECK(gain<preset::FP8_DYNAMIC::Weights>() < 0.2);
  CHECK(gain<preset::FP8_BLOCK::Weights>() < 0.2);
  CHECK(gain<FP4>() < 0.2);
  CHECK(gain<preset::MXFP4A16::Weights>() < 0.2);
  CHECK(gain<preset::MXFP8A16::Weights>() < 0.2);
  CHECK(gain<Package<W4>, Code<BF16>>() < 0.2);
  CHECK(gain<Package<FP4>, Code<BF16>>() < 0.2);
  CHECK(gain<W4>(with(ActivationOrder::none)) < 0.2);
  CHECK(gain<W4G32>(with(ActivationOrder::none, GroupScales::updated)) < 0.2);
  CHECK(gain<FP4>(with(ActivationOrder::none, GroupScales::updated)) < 0.2);
  // Scales that a search finds, before or on the way.
  using Searched = with_observer<FP4, NVFP4ExpandedMse>;
  CHECK(gain<Searched>() < 0.2);
  CHECK(gain<Searched>(with(ActivationOrder::none, GroupScales::updated)) < 0.2);
}

TEST_CASE("the loss is the error of the outputs under the damped H, in every form") {
  auto const inputs = correlated_inputs(300, 130);
  auto const hessian = hessian_of(inputs);
  auto const weight = random_weight({70, 130});
  GptqOptions options;
  options.damping = 0.0f;
  for (index_t const block_size : {1, 7, 64, 128, 500}) {
    options.block_size = block_size;
    auto const result = run<W4G32>(weight, hessian, options);
    double const error = output_error<W4G32, float>(weight.view(), result.weight.view(), hessian);
    CHECK(result.report.loss == doctest::Approx(error).epsilon(1e-3));
    using Package32 = with_profile<W4G32, profile::CompressedTensors>;
    auto const package = run<Package32>(weight, hessian, options);
    double const error2 =
        output_error<Package32, float>(weight.view(), package.weight.view(), hessian);
    CHECK(package.report.loss == doctest::Approx(error2).epsilon(1e-3));
  }
}

TEST_CASE("the same bytes for every executor and instruction set") {
  auto const hessian = hessian_of(correlated_inputs(300, 201));
  auto const weight = random_weight({131, 201});
  for (GptqOptions const& options : {with(ActivationOrder::weight), with(ActivationOrder::group),
                                     with(ActivationOrder::none, GroupScales::updated)}) {
    auto const expected = run<W4G32>(weight, hessian, options);
    auto const check = [&](auto&& executor, Isa isa) {
      auto const result =
          run<W4G32>(weight, hessian, options, calibration::ErasedExecutor{executor}, isa);
      CHECK(result.weight == expected.weight);
      CHECK(result.group_index == expected.group_index);
      CHECK(result.report.loss == expected.report.loss);
    };
    check(Serial{}, Isa::portable);
    check(Serial{}, detected_isa());
    check(Reversed{}, selected_isa());
    for (int const threads : {1, 2, 5}) check(Threads{threads}, selected_isa());
  }
}

TEST_CASE("one token, no rank to speak of, dead columns") {
  auto const weight = random_weight({9, 70});
  auto one = correlated_inputs(1, 70);
  auto const result = run<W4G32>(weight, hessian_of(one));
  CHECK_FALSE(result.report.identity);
  CHECK(std::isfinite(result.report.loss));

  // Without damping a singular H cannot be factored: rounding to nearest, and it is said.
  GptqOptions undamped;
  undamped.damping = 0.0f;
  auto const fallen = run<W4G32>(weight, hessian_of(one), undamped);
  CHECK(fallen.report.identity);
  CHECK(fallen.report.attempts == 1);
  CHECK(fallen.weight == *quantize<W4G32, float>(weight.view()));

  // A column without input: its weights become 0, and nothing else depends on them.
  auto dead = correlated_inputs(50, 70);
  for (std::size_t t = 0; t < 50; ++t) dead.values[t * 70 + 11] = 0.0f;
  auto const with_dead = run<W4G32>(weight, hessian_of(dead));
  CHECK(with_dead.report.dead_columns == 1);
  for (index_t r = 0; r < 9; ++r) CHECK(with_dead.weight.view()(r, 11) == 0.0f);
  CHECK(with_dead.weight.view()(3, 12) != 0.0f);
}

TEST_CASE("what cannot be done is named") {
  auto const hessian = hessian_of(correlated_inputs(20, 64));
  auto weight = random_weight({3, 64});
  CHECK(gptq<W4G32, float>(weight.view(), Hessian{64}).status() == Status::calibration_empty);
  CHECK(gptq<W4G32, float>(random_weight({3, 60}).view(), hessian).status() ==
        Status::shape_mismatch);
  auto const feedback = ColumnFeedback::from(hessian, {}, FeedbackForm::direct);
  CHECK(gptq_with_feedback<W4G32, float>(weight.view(), *feedback, QuantTensor<W4G32>{{2, 64}})
            .status() == Status::shape_mismatch);
  weight.values[64 + 5] = std::numeric_limits<float>::quiet_NaN();
  for (ActivationOrder const order : {ActivationOrder::none, ActivationOrder::group}) {
    auto const found = gptq<W4G32, float>(weight.view(), hessian, with(order));
    CHECK(found.status() == Status::nonfinite_weight);
    CHECK(found.error().message.find("row 1, column 5: got NaN") == 0);
  }
}
