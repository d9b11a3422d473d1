// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "gptq_runs.hpp"

using namespace qfmt;
using namespace qfmt::test;

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
