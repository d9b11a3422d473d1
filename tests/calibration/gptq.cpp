// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <limits>
#include <set>
#include <support/executors.hpp>

#include <qfmt/calibration/gptq.hpp>
#include <qfmt/observers/mse.hpp>
#include <qfmt/tensor/presets.hpp>

#include "correlated.hpp"

using namespace qfmt;
using namespace qfmt::test;

namespace {

using W4 = preset::W4A16::Weights;
using W4G32 = QuantScheme<INT4, PerGroup<32>>;
using FP4 = preset::NVFP4A16::Weights;

template <Scheme S, Real T = float, Executor E = Serial const>
GptqResult<S> run(Matrix<T> const& weight, Hessian const& hessian, GptqOptions const& options = {},
                  E&& executor = Serial{}, Isa isa = selected_isa()) {
  auto result = gptq<S, T>(weight.view(), hessian, options, executor, isa);
  REQUIRE_MESSAGE(result.ok(), (result ? "" : result.error().to_string()));
  return *std::move(result);
}

GptqOptions with(ActivationOrder order, GroupScales scales = GroupScales::given) {
  GptqOptions options;
  options.order = order;
  options.scales = scales;
  return options;
}

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

TEST_CASE("columns that do not move together are rounded to nearest, exactly") {
  std::vector<float> identity(100 * 100, 0.0f);
  for (std::size_t i = 0; i < 100; ++i) identity[i * 101] = 2.0f;
  auto const hessian = Hessian::from(MatrixView<float const>{identity.data(), {100, 100}}, 1);
  auto const weight = random_weight({5, 100});
  CHECK(run<W4G32>(weight, hessian).weight == *quantize<W4G32, float>(weight.view()));
  CHECK(run<FP4>(weight, hessian).weight == *quantize<FP4, float>(weight.view()));
  using Asymmetric4 = preset::W4A16_ASYM::Weights;
  CHECK(run<Asymmetric4>(weight, hessian).weight == *quantize<Asymmetric4, float>(weight.view()));
  auto const updated = with(ActivationOrder::none, GroupScales::updated);
  CHECK(run<FP4>(weight, hessian, updated).weight == *quantize<FP4, float>(weight.view()));
  // A control: with columns that do, something changes.
  auto const other = hessian_of(correlated_inputs(200, 100));
  CHECK_FALSE(run<FP4>(weight, other).weight == *quantize<FP4, float>(weight.view()));
}

TEST_CASE("the same bytes for every executor and instruction set") {
  auto const hessian = hessian_of(correlated_inputs(300, 201));
  auto const weight = random_weight({131, 201});
  for (GptqOptions const& options : {with(ActivationOrder::weight), with(ActivationOrder::group),
                                     with(ActivationOrder::none, GroupScales::updated)}) {
    auto const expected = run<W4G32>(weight, hessian, options);
    auto const check = [&](auto&& executor, Isa isa) {
      auto const result = run<W4G32>(weight, hessian, options, executor, isa);
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

TEST_CASE("groups in activation order: consecutive columns share a scale, g_idx says which") {
  auto const hessian = hessian_of(correlated_inputs(300, 128));
  auto const weight = random_weight({6, 128});
  auto const result = run<W4G32>(weight, hessian, with(ActivationOrder::group));
  REQUIRE(result.group_index.size() == 128);
  auto const feedback = ColumnFeedback::from(hessian, {}, FeedbackForm::direct);
  for (index_t p = 0; p < 128; ++p)
    CHECK(result.group_index[static_cast<std::size_t>(feedback->column(p))] == p / 32);
  // The scales are those of the columns in that order.
  auto const reordered = permute_columns<float>(weight.view(), feedback->order());
  auto const parameters =
      quantize<W4G32, float>(MatrixView<float const>{reordered.data(), {6, 128}});
  CHECK(result.weight.scales == parameters->scales);
  // Read with them, the error is near that of the loss.
  double error = 0.0;
  for (index_t r = 0; r < 6; ++r) {
    for (index_t i = 0; i < 128; ++i) {
      for (index_t j = 0; j < 128; ++j) {
        auto const d = [&](index_t c) {
          auto const g = result.group_index[static_cast<std::size_t>(c)];
          float const scale = result.weight.scales[static_cast<std::size_t>(r * 4 + g)];
          return static_cast<double>(weight(r, c) -
                                     decode(result.weight.view().code(r, c)) * scale);
        };
        error += 0.5 * d(i) * d(j) * static_cast<double>(hessian(i, j));
      }
    }
  }
  CHECK(error < result.report.loss);
  CHECK(error > 0.5 * result.report.loss);
  CHECK(run<preset::W8A8::Weights>(weight, hessian, with(ActivationOrder::group))
            .group_index.empty());
}

TEST_CASE("updated scales are fitted to what the group has become") {
  auto const hessian = hessian_of(correlated_inputs(300, 128));
  auto const weight = random_weight({6, 128});
  auto const updated = with(ActivationOrder::none, GroupScales::updated);
  auto const result = run<W4G32>(weight, hessian, updated);
  auto const given = run<W4G32>(weight, hessian, with(ActivationOrder::none));
  for (index_t r = 0; r < 6; ++r) {
    auto const at = static_cast<std::size_t>(r * 4);
    CHECK(result.weight.scales[at] == given.weight.scales[at]);  // nothing came before
    CHECK(result.weight.scales[at + 1] != given.weight.scales[at + 1]);
  }
  // The largest of a group no longer clips: its code is an extreme one.
  for (index_t r = 0; r < 6; ++r) {
    for (index_t g = 0; g < 4; ++g) {
      int extreme = 0;
      for (index_t c = g * 32; c < g * 32 + 32; ++c)
        extreme =
            std::max(extreme, std::abs(static_cast<int>(decode(result.weight.view().code(r, c)))));
      CHECK(extreme >= 6);
    }
  }
  auto const status = [&]<class S>(S*, GptqOptions const& options) {
    return gptq<S, float>(weight.view(), hessian, options).status();
  };
  GptqOptions short_blocks = updated;
  short_blocks.block_size = 48;
  CHECK(status(static_cast<W4G32*>(nullptr), short_blocks) == Status::unsupported);
  auto const scattered = with(ActivationOrder::weight, GroupScales::updated);
  CHECK(status(static_cast<W4G32*>(nullptr), scattered) == Status::unsupported);
  auto const in_groups = with(ActivationOrder::group, GroupScales::updated);
  CHECK(status(static_cast<W4G32*>(nullptr), in_groups) == Status::ok);
  CHECK(status(static_cast<preset::FP8_BLOCK::Weights*>(nullptr), updated) == Status::unsupported);
  CHECK(status(static_cast<preset::W8A8::Weights*>(nullptr), updated) == Status::ok);
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
