// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include "calibration/erased_schemes.hpp"
#include "calibration/mlp_model.hpp"

using namespace qfmt;
using namespace qfmt::calibration;

namespace qfmt::test {

using N = profile::CompressedTensors;
ErasedScheme const w4 = erased_scheme<W4A16_G32, N>();
ErasedScheme const nvfp4 = erased_scheme<preset::NVFP4, N>();
ErasedScheme const nvfp4_imatrix = erased_scheme<preset::NVFP4A16, N, NVFP4ExpandedImatrix>();
ErasedScheme const fp8 = erased_scheme<preset::FP8, N>();

}  // namespace qfmt::test

namespace {

template <Scheme S>
QuantTensor<S> const& tensor_of(QuantizedLayer const& layer) {
  auto const* const weight = dynamic_cast<QuantizedWeightOf<S> const*>(layer.weight.get());
  REQUIRE(weight != nullptr);
  return weight->tensor;
}

Weight bf16_weight() {
  std::vector<Code<BF16>> values;
  for (index_t i = 0; i < 8 * 64; ++i)
    values.push_back(encode<BF16>(test::MlpModel::uniform(3, i)));
  return {{8, 64}, std::move(values)};
}

}  // namespace

TEST_CASE("an erased scheme quantizes as the scheme does") {
  Weight const weight = bf16_weight();
  MatrixView<Code<BF16> const> const view{std::get<1>(weight.values).data(), weight.shape};

  using Int = with_stored_scale<test::W4A16_G32::Weights, Code<BF16>>;
  auto const rounded = test::w4.round(weight, 0.0f, {}, {});
  REQUIRE(rounded);
  auto const expected = quantize<with_profile<Int, test::N>, Code<BF16>>(view);
  REQUIRE(expected);
  CHECK(tensor_of<Int>(*rounded).codes == expected->codes);
  CHECK(tensor_of<Int>(*rounded).scales == expected->scales);
  auto const values = rounded->weight->values();
  CHECK(std::get<0>(values.values)[70] == expected->view()(1, 6));
  CHECK(rounded->weight->errors(weight).noise ==
        error_metrics<with_profile<Int, test::N>, Code<BF16>>(view, expected->view()).noise);

  using Block = preset::NVFP4::Weights;
  auto const reach = test::nvfp4.reach(weight, {}, {});
  REQUIRE(reach);
  auto const blocks = test::nvfp4.round(weight, *reach, {}, {});
  REQUIRE(blocks);
  auto const expected_blocks = quantize<with_profile<Block, test::N>, Code<BF16>>(view);
  REQUIRE(expected_blocks);
  CHECK(tensor_of<Block>(*blocks).codes == expected_blocks->codes);
  CHECK(tensor_of<Block>(*blocks).global.encode_scale == expected_blocks->global.encode_scale);
}

TEST_CASE("what a scheme says of itself") {
  CHECK(test::nvfp4.has_global);
  CHECK(!test::w4.has_global);
  CHECK((test::nvfp4.calibrate_input != nullptr));
  CHECK((test::w4.calibrate_input == nullptr));
  CHECK(test::nvfp4_imatrix.takes_importance);
  CHECK(!test::nvfp4.takes_importance);
  CHECK(test::w4.form == FeedbackForm::inverse);
}

TEST_CASE("inputs are calibrated as checkpoints store them") {
  std::vector<float> const x{1.0f, -3.0f, 0.5f, 2.0f};
  auto const local = test::nvfp4.calibrate_input(2);
  REQUIRE(local->observe({x.data(), {2, 2}}));
  auto const global = local->freeze();
  REQUIRE(global);
  CHECK(global->global_scale == 448.0f * 6.0f / 3.0f);
  CHECK(!global->scale);

  auto const tensor = test::fp8.calibrate_input(2);
  REQUIRE(tensor->observe({x.data(), {2, 2}}));
  auto const scale = tensor->freeze();
  REQUIRE(scale);
  CHECK(scale->scale == doctest::Approx(3.0 / 448.0));
  CHECK(!scale->global_scale);

  CHECK(test::fp8.calibrate_input(2)->freeze().status() == Status::calibration_empty);
}

TEST_CASE("a weight that is not finite is named") {
  Weight weight = bf16_weight();
  std::get<1>(weight.values)[64 * 3 + 5] = {0x7F80};
  CHECK(test::nvfp4.reach(weight, {}, {}).status() == Status::nonfinite_weight);
  auto const rounded = test::w4.round(weight, 0.0f, {}, {});
  REQUIRE(rounded.status() == Status::nonfinite_weight);
  CHECK(rounded.error().message.find("row 3, column 5") != std::string::npos);
}
